"""Who confirms plans, approves payments, gives their passkey's word, and has what nobody knows the end of go on.

Also twice, also against each other.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from django.db import connections

import deploys.services
from deploys import plans
from deploys.models import Deploy
from operations import approvals, consent, marking, queue
from operations.models import Operation, Reason, State
from tests.chaos.cast import Cast, Person
from tests.chaos.people import answered, side_by_side

LOOK_SECONDS = 0.5
#: Of ten decisions one is a no, and one comes together with its opposite.
NO, BOTH = 0.1, 0.1
#: What is in review is resumed or looked up so often; what nobody can tell then stays there.
MOST_REVIEWS = 3
#: Who decides, what says yes and what says no.
Choice = tuple[Person, Callable[[], object], Callable[[], object]]


class Deciders(threading.Thread):
    """Decides whatever waits, until told to end."""

    def __init__(self, cast: Cast, dice: random.Random) -> None:
        super().__init__(name="deciders", daemon=True)
        self._cast, self._dice = cast, dice
        self._over = threading.Event()
        self._reviewed: Counter[UUID] = Counter()

    def run(self) -> None:
        try:
            while not self._over.wait(LOOK_SECONDS):
                answered(self._cast.people[0], self.decide_all)
        except BaseException as error:
            self._cast.asked.broken.append(f"deciders: {error!r}")
            raise
        finally:
            connections.close_all()

    def end(self) -> None:
        self._over.set()
        self.join()

    def decide_all(self) -> bool:
        """Decide everything that waits now."""
        for operation in Operation.objects.filter(state=State.WAITING).select_related("team", "actor"):
            if pair := self._pair(operation):
                self._press(*pair)
        return True

    def _pair(self, operation: Operation) -> Choice | None:
        """Return who decides, what says yes and what says no; None when nobody can."""
        person = self._person(operation)
        if operation.reason == Reason.APPROVAL:
            return person, *_approving(operation, person)
        if operation.reason == Reason.REVIEW:
            return self._reviewing(operation, person)
        if operation.reason != Reason.CONFIRMATION:
            return None
        if operation.awaits_consent:
            return (
                person,
                lambda: _give(operation, person),
                lambda: queue.cancel(operation, actor=person.user),
            )
        return person, *_confirming(operation, person)

    def _reviewing(self, operation: Operation, person: Person) -> Choice | None:
        """Resume it, or look first: neither does anything twice."""
        self._reviewed[operation.pk] += 1
        if self._reviewed[operation.pk] > MOST_REVIEWS:
            return None
        return (
            person,
            lambda: marking.resume(operation=operation, actor=person.user),
            lambda: marking.inspect(operation=operation, actor=person.user),
        )

    def _person(self, operation: Operation) -> Person:
        """Return who asked for it; for an approval somebody else."""
        team = self._cast.of_team(operation.team_id)
        own = [person for person in team if person.user.pk == operation.actor_id] or team
        others = [person for person in team if person.user.pk != operation.actor_id]
        return (others if operation.reason == Reason.APPROVAL else own)[0]

    def _press(self, person: Person, yes: Callable[[], object], no: Callable[[], object]) -> None:
        chance = self._dice.random()
        if chance < BOTH:
            side_by_side([_clicking(person, yes), _clicking(person, no), _clicking(person, yes)])
        else:
            _clicking(person, no if chance < BOTH + NO else yes)()


def _clicking(person: Person, act: Callable[[], object]) -> Callable[[], bool]:
    return lambda: bool(answered(person, lambda: bool(act()) or True))


def _approving(operation: Operation, person: Person) -> tuple[Callable[[], object], Callable[[], object]]:
    return (
        lambda: approvals.approve(operation=operation, actor=person.user, digest=_digest(operation)),
        lambda: approvals.decline(operation=operation, actor=person.user, why="Not now"),
    )


def _digest(operation: Operation) -> str:
    """Return what a person sees on the page now."""
    request = approvals.request_of(operation)
    return request.digest if request else ""


def _confirming(operation: Operation, person: Person) -> tuple[Callable[[], object], Callable[[], object]]:
    """Confirm exactly the plan that is shown, with every warning that blocks."""
    deploy = Deploy.objects.select_related("operation", "project").get(operation=operation)
    plan = deploy.reviewed_plan
    codes = [warning["code"] for warning in plans.blocking(plan)] if plan else []
    digest = plan["digest"] if plan else ""
    return (
        lambda: deploys.services.confirm_deploy(deploy=deploy, user=person.user, digest=digest, codes=codes),
        lambda: deploys.services.cancel_deploy(deploy=deploy, user=person.user),
    )


def _give(operation: Operation, person: Person) -> None:
    consent.give(operation, actor=person.user, assertion=person.passkey.confirm(operation))

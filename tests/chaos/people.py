"""How people click: at random, sometimes twice at once, sometimes regretting it, while anything may be down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import httpx
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import DatabaseError, connections
from django.http import Http404

from core.errors import Refusal
from operations import queue
from operations.models import ACTIVE, Operation
from operations.registry import SYNC
from teams.permissions import NotAllowed
from tests.chaos.cast import Cast, Person
from tests.chaos.clicks import CLICKS, NothingToDo

#: Between two clicks of one person, in a long run and in a short one.
PAUSE_SECONDS, SHORT_PAUSE_SECONDS = (0.4, 4.0), (0.2, 1.2)
#: Nobody clicks on while so much is under way: a line that only grows is another test.
MOST_UNDER_WAY = 24
TWICE, REGRET = 0.2, 0.06


def click_until(cast: Cast, operations: int, seconds: float, *, short: bool) -> None:
    """Let everybody click until so many operations were asked for, or the time is over."""
    pause = SHORT_PAUSE_SECONDS if short else PAUSE_SECONDS
    end = time.monotonic() + seconds

    def enough() -> bool:
        return len(cast.asked.operations) >= operations or time.monotonic() > end

    threads = [
        threading.Thread(target=_click_on, args=(person, pause, enough), daemon=True)
        for person in cast.people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _click_on(person: Person, pause: tuple[float, float], enough: Callable[[], bool]) -> None:
    names = list(CLICKS)
    weights = [CLICKS[name].weight for name in names]
    try:
        while not enough():
            time.sleep(person.dice.uniform(*pause))
            if answered(person, lambda: _busy(person)):
                time.sleep(0.5)
                continue
            for name in dict.fromkeys(person.dice.choices(names, weights, k=8)):
                if _clicked(person, name):
                    break
            if person.dice.random() < REGRET:
                answered(person, lambda: _regret(person))
    except BaseException as error:
        person.asked.broken.append(f"{person.user.email}: {error!r}")
        raise
    finally:
        connections.close_all()


def _busy(person: Person) -> bool:
    team = Operation.objects.filter(team=person.team, state__in=ACTIVE).exclude(queue=SYNC)
    return team.count() >= MOST_UNDER_WAY // 2


def _clicked(person: Person, name: str) -> bool:
    """Click, once or twice at the same moment; say whether there was something to click, whatever was answered."""
    click = CLICKS[name]

    def once() -> bool:
        try:
            person.asked.note(click.act(person))
        except NothingToDo:
            return False
        return True

    if not click.twice or person.dice.random() > TWICE:
        return answered(person, once) is not False
    return any(side_by_side([lambda: answered(person, once) is not False] * 2))


def _regret(person: Person) -> bool:
    """Cancel something that is under way."""
    active = list(Operation.objects.filter(team=person.team, state__in=ACTIVE)[:20])
    if active:
        queue.cancel(person.dice.choice(active), actor=person.user)
    return bool(active)


def answered(person: Person, act: Callable[[], bool]) -> bool | None:
    """Do what a request does; None when it was refused or the database did not answer."""
    try:
        return act()
    except (Refusal, NotAllowed, PermissionDenied, Http404, ObjectDoesNotExist):
        person.asked.hear_no()
    except httpx.HTTPError:  # the sandbox that should give money is down
        return None
    except DatabaseError:
        person.asked.miss()
        connections.close_all()
    return None


def side_by_side(acts: Sequence[Callable[[], bool]]) -> list[bool]:
    """Do all of them at the same moment, each on a connection of its own."""
    start, answers = threading.Barrier(len(acts)), []

    def one(act: Callable[[], bool]) -> None:
        try:
            start.wait()
            answers.append(act())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers

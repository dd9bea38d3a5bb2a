"""What is stopped, what that holds up, what was signed before, and what goes on: as values for the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from operations import halted
from operations.models import Operation, State
from operations.registry import kind_label
from operations.selectors import operations_of
from teams.models import Membership, Team
from teams.permissions import Action, allows
from wallets import halts
from wallets.models import Gateway, Halt, Payment
from wallets.selectors import payments_of

#: Rows listed of each; the counts are of all.
MOST = 50
HELD_STATES = (State.QUEUED, State.RUNNING, State.WAITING)
MAY_STILL_MOVE = (Payment.State.SIGNED, Payment.State.UNKNOWN)


@dataclass(frozen=True)
class Counts:
    """How many operations are in line, at a step, and wait for a decision."""

    queued: int
    running: int
    waiting: int

    @property
    def total(self) -> int:
        return self.queued + self.running + self.waiting


@dataclass(frozen=True)
class Signed:
    """A payment that was signed and may have been sent. `until`: when it can settle no more."""

    payment: Payment
    until: datetime | None
    is_over: bool


@dataclass(frozen=True)
class Kinds:
    """How many of one kind are held up: what operators see instead of a team's titles."""

    label: str
    count: int


@dataclass(frozen=True)
class Effect:
    """What a halt holds up, or would. Operators get `kinds` and no names: what teams do is not theirs to read."""

    counts: Counts
    rows: tuple[Operation, ...]
    kinds: tuple[Kinds, ...]
    signed: tuple[Signed, ...]
    runs_on: tuple[str, ...]
    names_things: bool


@dataclass(frozen=True)
class Stopped:
    """One halt, as the page tells it. `first` is what has to be done before it may be lifted."""

    halt: Halt
    title: str
    sentence: str
    may_resume: bool
    first: tuple[str, ...]


@dataclass(frozen=True)
class StopsPage:
    """What is stopped now."""

    stopped: tuple[Stopped, ...]
    effect: Effect | None
    may_stop: bool


@dataclass(frozen=True)
class StopPage:
    """What stopping would do, before it is done. `gateway` and `team` are None where everything is meant."""

    team: Team | None
    gateway: Gateway | None
    effect: Effect
    back: str


def team_stops(membership: Membership) -> StopsPage:
    """Return what concerns a member's team, at whichever gateway."""
    found = [halt for halt in halts.active() if halt.team_id in (None, membership.team_id)]
    may = allows(membership.role, Action.HALT)
    stopped = tuple(
        _stopped(halt, may=may if halt.team_id else membership.user.is_operator) for halt in found
    )
    is_stopped = any(halt.team_id for halt in found)
    return StopsPage(stopped, _of_team(membership, found) if found else None, may and not is_stopped)


def team_stop(membership: Membership) -> StopPage:
    """Return what stopping the team would hold up."""
    would = Halt(scope=Halt.Scope.TEAM, team=membership.team)
    return StopPage(membership.team, None, _of_team(membership, [would]), reverse("home:stops"))


def instance_stops() -> StopsPage:
    """Return the gateways that are stopped, or that everything is."""
    found = list(halts.active().filter(team=None))
    stopped = tuple(_stopped(halt, may=True) for halt in found)
    everything = any(halt.scope == Halt.Scope.EVERYTHING for halt in found)
    return StopsPage(stopped, _of_instance(found) if found else None, not everything)


def instance_stop(gateway: Gateway | None) -> StopPage:
    """Return what stopping a gateway, or everything, would hold up."""
    scope = Halt.Scope.GATEWAY if gateway else Halt.Scope.EVERYTHING
    effect = _of_instance([Halt(scope=scope, gateway=gateway)])
    return StopPage(None, gateway, effect, reverse("home:instance"))


def title_of(halt: Halt) -> str:
    """Return what is stopped as a sentence."""
    if halt.is_restored:
        return _("This instance was restored from a backup and is paused.")
    if halt.scope == Halt.Scope.EVERYTHING:
        return _("Everything is stopped.")
    return _("%(name)s is stopped.") % {"name": halts.target(halt)}


def _stopped(halt: Halt, *, may: bool) -> Stopped:
    first = tuple(halts.forbidding(halt)) if may else ()
    return Stopped(halt, title_of(halt), halts.said(halt), may and not first, first)


def _of_team(membership: Membership, found: list[Halt]) -> Effect:
    reach = membership.reach
    held = _held(operations_of(reach), found)
    rows = held.exclude(actor=None).order_by("created_at")[:MOST]
    return _effect(held, _signed(payments_of(reach), found), rows=tuple(rows), names_things=True)


def _of_instance(found: list[Halt]) -> Effect:
    held = _held(Operation.objects.all(), found)
    counted = held.order_by().values_list("kind").annotate(n=Count("pk")).order_by("-n", "kind")
    kinds = tuple(Kinds(kind_label(name), count) for name, count in counted)
    return _effect(held, _signed(Payment.objects.all(), found), kinds=kinds)


def _effect(
    held: QuerySet[Operation],
    signed: QuerySet[Payment],
    *,
    rows: tuple[Operation, ...] = (),
    kinds: tuple[Kinds, ...] = (),
    names_things: bool = False,
) -> Effect:
    states = dict(held.order_by().values_list("state").annotate(n=Count("pk")))
    counts = Counts(*(states.get(state, 0) for state in HELD_STATES))
    payments = tuple(_may_settle(payment) for payment in signed.order_by("reserved_at")[:MOST])
    runs_on = tuple(sorted(kind_label(name) for name in halted.runs_on()))
    return Effect(counts, rows, kinds, payments, runs_on, names_things)


def _held(operations: QuerySet[Operation], found: list[Halt]) -> QuerySet[Operation]:
    stopped = operations.filter(halted.of(found), state__in=HELD_STATES)
    return stopped.exclude(kind__in=halted.runs_on())


def _signed(payments: QuerySet[Payment], found: list[Halt]) -> QuerySet[Payment]:
    """Return the payments that may still move money though it is stopped: a signature cannot be called back."""
    concerned = Q(pk__in=[])
    for halt in found:
        if halt.scope == Halt.Scope.EVERYTHING:
            concerned = Q(pk__isnull=False)
            break
        concerned |= Q(team=halt.team_id) if halt.team_id else Q(wallet__gateway=halt.gateway_id)
    return payments.filter(concerned, state__in=MAY_STILL_MOVE)


def _may_settle(payment: Payment) -> Signed:
    until = datetime.fromtimestamp(payment.valid_before, tz=UTC) if payment.valid_before else None
    return Signed(payment, until, until is not None and until < timezone.now())

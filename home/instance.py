"""What operators see: is the instance well, which gateways are there, is the line moving. No team's data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Subquery
from django.utils import timezone

from core.counting import counts
from core.version import version
from home import readiness
from home.kept import Kept, kept
from operations import watch
from operations.models import Operation, State, WorkerPulse
from operations.registry import QUEUES
from teams.models import Instance, Team, User
from wallets import halts
from wallets.models import Gateway, Halt

#: Workers shown, those seen last; one is forgotten a day after its last sign of life.
MOST_WORKERS = 20


@dataclass(frozen=True)
class Check:
    """One health check. `words` say what is wrong, or ok."""

    name: str
    words: readiness.Words

    @property
    def fine(self) -> bool:
        return self.words == "ok"


@dataclass(frozen=True)
class Line:
    """The whole instance in figures, each counted up to a thousand."""

    waiting_to_run: int
    running: int
    failed_today: int
    teams: int
    people: int


@dataclass(frozen=True)
class InstancePage:
    """Everything on the operator's page."""

    version: str
    checks: tuple[Check, ...]
    gateways: tuple[Gateway, ...]
    workers: tuple[WorkerPulse, ...]
    line: Line
    oldest: datetime | None
    open_teams: bool
    kept: Kept | None
    halts: tuple[Halt, ...]

    @property
    def stopped(self) -> frozenset[str]:
        """The gateways that are stopped by themselves."""
        return frozenset(halt.gateway_id for halt in self.halts if halt.gateway_id)


def instance_page(person: User) -> InstancePage:
    """Return the page for an operator as it stands now."""
    now = timezone.now()
    workers = list(WorkerPulse.objects.order_by("-at"))
    open_teams, oldest = _decided_and_oldest(person, now)
    return InstancePage(
        version=version(),
        checks=_checks([worker for worker in workers if worker.at >= now - watch.ALIVE]),
        gateways=tuple(Gateway.objects.order_by("-enabled", "name")),
        workers=tuple(workers[:MOST_WORKERS]),
        line=_line(now),
        oldest=oldest,
        open_teams=open_teams,
        kept=kept(),
        halts=tuple(halts.active().filter(team=None)),
    )


def _checks(live: list[WorkerPulse]) -> tuple[Check, ...]:
    """Return what `/readyz?worker=1` asks, as live workers found it last: the page asks nothing anew that they know."""
    found: dict[str, readiness.Words] = {
        "database": "ok",  # it answered who asks for the page
        "migrations": readiness.migrations(),
        "cache": readiness.cached(),
        "worker": readiness.words_about(live),
        **readiness.offered(watch.told(live)),
    }
    return tuple(Check(name, words) for name, words in found.items())


def _line(now: datetime) -> Line:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    due = Operation.objects.filter(state=State.QUEUED, not_before__lte=now)
    running = Operation.objects.filter(state=State.RUNNING)
    failed = Operation.objects.filter(state=State.FAILED, finished_at__gte=midnight)
    return Line(*counts(due, running, failed, Team.objects.all(), User.objects.filter(is_active=True)))


def _decided_and_oldest(person: User, now: datetime) -> tuple[bool, datetime | None]:
    """Return whether everybody may make teams, and since when the oldest due row waits, in one query."""
    decided = Instance.objects.filter(pk=1).values("open_teams")
    each = [Subquery(watch.due_times(now, queue)[:1]) for queue in QUEUES]
    asked = User.objects.filter(pk=person.pk).values_list(Subquery(decided), *each)
    open_teams, *oldest = asked.get()
    return bool(open_teams), min(filter(None, oldest), default=None)

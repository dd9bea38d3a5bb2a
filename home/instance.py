"""What operators see: is the instance well, which gateways are there, is the line moving. No team's data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from core.counting import counts
from core.version import version
from home import readiness
from home.kept import Kept, kept
from operations import watch
from operations.models import Operation, State, WorkerPulse
from teams.models import Instance, Team, User
from wallets import halts
from wallets.models import Gateway, Halt


@dataclass(frozen=True)
class Check:
    """One health check. `words` say what is wrong, or ok."""

    name: str
    words: str

    @property
    def fine(self) -> bool:
        return self.words == "ok"


@dataclass(frozen=True)
class Line:
    """The whole instance's queue in figures, counted up to a thousand."""

    waiting_to_run: int
    running: int
    failed_today: int
    oldest: datetime | None


@dataclass(frozen=True)
class InstancePage:
    """Everything on the operator's page."""

    version: str
    checks: tuple[Check, ...]
    gateways: tuple[Gateway, ...]
    workers: tuple[WorkerPulse, ...]
    line: Line
    teams: int
    people: int
    open_teams: bool
    kept: Kept | None
    halts: tuple[Halt, ...]

    @property
    def stopped(self) -> frozenset[str]:
        """The gateways that are stopped by themselves."""
        return frozenset(halt.gateway_id for halt in self.halts if halt.gateway_id)


def instance_page() -> InstancePage:
    """Return the page as it stands now."""
    found = readiness.checks(worker=True)
    return InstancePage(
        version=version(),
        checks=tuple(Check(name, words) for name, words in found.items()),
        gateways=tuple(Gateway.objects.order_by("-enabled", "name")),
        workers=tuple(WorkerPulse.objects.order_by("-at")[:20]),
        line=_line(),
        teams=Team.objects.count(),
        people=User.objects.filter(is_active=True).count(),
        open_teams=Instance.get().open_teams,
        kept=kept(),
        halts=tuple(halts.active().filter(team=None)),
    )


def _line() -> Line:
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    due = Operation.objects.filter(state=State.QUEUED, not_before__lte=now)
    running = Operation.objects.filter(state=State.RUNNING)
    failed = Operation.objects.filter(state=State.FAILED, finished_at__gte=midnight)
    return Line(*counts(due, running, failed), oldest=watch.oldest_due(now))

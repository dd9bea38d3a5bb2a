"""The page of one deploy, through its whole life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from deploys.models import Deploy, Release
from deploys.pages.changes import Changes, changes_of
from deploys.pages.phases import Phase, phases_of
from operations import decisions, line
from operations.models import Operation, OperationEvent, State
from operations.reviewing import Review
from projects.models import Project
from wallets import thresholds
from wallets.limits import DEPLOY
from wallets.models.gateway import BASE_SEPOLIA

FAST, STEADY, SLOW = 400, 1000, 2000
SILENT_SECONDS = 5
_TONES = {
    "failed": "bad",
    "succeeded": "good",
    "warning": "warn",
    "retry": "warn",
    "replan": "warn",
    "cancelled": "warn",
}


@dataclass(frozen=True)
class LogLine:
    """One event. `tone` is a class of the log, or empty."""

    event: OperationEvent
    source: str
    tone: str


@dataclass(frozen=True)
class DeployPage:
    """Everything that deploys/_deploy.html shows. `delay` None ends the polling; `seen` names what the page shows."""

    deploy: Deploy
    project: Project
    operation: Operation
    title: str
    shape: str
    changes: Changes | None
    done: Changes | None
    phases: list[Phase]
    log: list[LogLine]
    left_out: list[tuple[str, str]]
    not_named: list[str]
    stripped: str
    live_url: str
    delay: int | None
    seen: str
    worker_silent: bool
    halted: str
    may_deploy: bool
    may_cancel: bool
    resumable: bool
    network: str
    balance_after: int | None
    #: Above which price somebody else approves the confirmed plan first, in micros; None where nobody has to.
    approved_above: int | None
    line: str
    why: str
    review: Review | None

    @property
    def release(self) -> Release | None:
        return self.deploy.release

    @property
    def needs_approval(self) -> bool:
        """Somebody else approves it once it is confirmed: nothing is committed before."""
        price = self.changes.price_micros if self.changes else 0
        return self.approved_above is not None and price > self.approved_above


def deploy_page(
    deploy: Deploy,
    operation: Operation,
    events: Sequence[OperationEvent],
    *,
    may_deploy: bool,
    worker_silent: bool,
    seen: str,
    halted: str,
    review: Review | None = None,
) -> DeployPage:
    """Put the page together."""
    source = deploy.source
    manifest: dict[str, Any] = source.manifest if source else {}
    changes = changes_of(deploy.reviewed_plan)
    details = operation.error.get("details") or {}
    left = operation.is_active and not (
        operation.checkpoints.get("committing") or operation.checkpoints.get("committed")
    )
    return DeployPage(
        deploy=deploy,
        project=deploy.project,
        operation=operation,
        title=_title(deploy, operation),
        shape=_shape(operation, changes),
        changes=changes,
        done=changes_of(deploy.plan),
        phases=phases_of(operation, events),
        log=[_line(event) for event in events if event.type != "phase"],
        left_out=[(path, reason) for path, reason in source.left_out] if source else [],
        not_named=list(manifest.get("not_named") or []),
        stripped=str(manifest.get("stripped") or ""),
        live_url=str(operation.result.get("url") or deploy.project.live_url),
        delay=_delay(operation),
        seen=seen,
        worker_silent=worker_silent and _waited(operation) >= SILENT_SECONDS,
        halted=halted,
        may_deploy=may_deploy,
        may_cancel=may_deploy and left and review is None,
        resumable=may_deploy and operation.state == State.FAILED and bool(details.get("resumable")),
        network=BASE_SEPOLIA,
        balance_after=_balance_after(deploy.project, changes),
        approved_above=thresholds.shown(deploy.project.team, deploy.project.wallet, DEPLOY)
        if changes
        else None,
        line="" if halted else line.reason(operation),
        why=decisions.why_not_retried(operation),
        review=review,
    )


def _title(deploy: Deploy, operation: Operation) -> str:
    if operation.state == State.WAITING and not decisions.is_in_review(operation):
        return _("Review the plan")
    if deploy.release is not None and deploy.release.generation is not None:
        return _("Generation %(number)s") % {"number": deploy.release.generation}
    if deploy.restores is not None and deploy.restores.generation is not None:
        return _("Redeploy of generation %(number)s") % {"number": deploy.restores.generation}
    return _("Deploy of %(project)s") % {"project": deploy.project.name}


def _shape(operation: Operation, changes: Changes | None) -> str:
    """Say which of its faces the page shows. What waits before there is a plan has nothing to review."""
    if decisions.is_in_review(operation):
        return "unsure"
    if operation.state == State.WAITING and changes is not None:
        return "review"
    return {State.SUCCEEDED: "live", State.FAILED: "failed", State.CANCELLED: "cancelled"}.get(
        State(operation.state), "running"
    )


def _delay(operation: Operation) -> int | None:
    """Ask again while something moves; not while a person decides."""
    if operation.is_final or operation.state == State.WAITING:
        return None
    return delay_at(timezone.now() - operation.created_at)


def delay_at(age: timedelta) -> int:
    """Return the milliseconds until the next poll: soon at first, every second for a minute, then every two."""
    seconds = age.total_seconds()
    return FAST if seconds < 5 else STEADY if seconds < 60 else SLOW


def _waited(operation: Operation) -> float:
    if operation.state != State.QUEUED:
        return 0.0
    since = max(operation.not_before, operation.created_at)
    return max((timezone.now() - since) / timedelta(seconds=1), 0.0)


def _line(event: OperationEvent) -> LogLine:
    return LogLine(event, event.phase or event.type, _TONES.get(event.type, ""))


def _balance_after(project: Project, changes: Changes | None) -> int | None:
    balance = project.wallet.balance_micros
    if balance is None or changes is None:
        return None
    return balance - changes.price_micros

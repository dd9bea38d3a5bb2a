"""The worker's side of the engine: claim a row, run its handler under a lease, write how it ended."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Fault, Refusal
from operations import wake
from operations.models import FINAL, Operation, Reason, State
from operations.queue import add_event, audit_operation, tell_end
from operations.registry import Kind, kinds
from operations.work import CancelHonoured, Later, LeaseLost, Wait, Work
from run402.errors import Run402Error
from teams.permissions import still_allowed

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=20)
HEARTBEAT_SECONDS = 5.0
MAX_ATTEMPTS = 5
RETRY_SECONDS = (1, 3, 10, 30)


def worker_name() -> str:
    """Return the name under which this process claims."""
    return f"{socket.gethostname()}:{os.getpid()}"[:80]


def run_due(queue: str) -> int:
    """Run what is due in the queue, one after another, until nothing is left; return how many."""
    count = 0
    while operation := claim(queue):
        run(operation)
        count += 1
    return count


def claim(queue: str) -> Operation | None:
    """Take the oldest due row of a free lane, giving teams with little running the first turn; None when there is none."""
    for candidate in _candidates(queue)[:10]:
        try:
            with transaction.atomic():
                taken = _take(candidate)
        except IntegrityError:
            continue  # another worker runs this lane since we looked
        if taken:
            return Operation.objects.select_related("team", "actor", "gateway", "wallet__gateway").get(pk=candidate.pk)
    return None


def _candidates(queue: str) -> QuerySet[Operation]:
    lane = Operation.objects.filter(lane=OuterRef("lane")).exclude(lane="").exclude(pk=OuterRef("pk"))
    earlier = Q(state=State.QUEUED, created_at__lt=OuterRef("created_at"))
    blocked = lane.filter(Q(state=State.RUNNING) | earlier)
    due = Operation.objects.filter(queue=queue, state=State.QUEUED, not_before__lte=timezone.now())
    running = Count("team__operations", filter=Q(team__operations__state=State.RUNNING))
    return due.filter(~Exists(blocked)).annotate(team_running=running).order_by("team_running", "created_at")


def _take(candidate: Operation) -> int:
    now = timezone.now()
    free = Operation.objects.filter(pk=candidate.pk, state=State.QUEUED, fence=candidate.fence)
    return free.update(
        state=State.RUNNING,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_until=now + LEASE,
        worker=worker_name(),
        started_at=candidate.started_at or now,
    )


class Heartbeat(threading.Thread):
    """Prolongs the lease while the handler runs, from a thread with a connection of its own."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(daemon=True, name=f"lease-{operation.pk}")
        self._mine = {"pk": operation.pk, "fence": operation.fence, "state": State.RUNNING}
        self._stop_event = threading.Event()

    def run(self) -> None:
        try:
            while not self._stop_event.wait(HEARTBEAT_SECONDS):
                Operation.objects.filter(**self._mine).update(lease_until=timezone.now() + LEASE)
        finally:
            connection.close()

    def __enter__(self) -> Heartbeat:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop_event.set()


def run(operation: Operation) -> None:
    """Run one claimed operation to its next resting state."""
    work = Work(operation)
    structlog.contextvars.bind_contextvars(operation=str(operation.pk), kind=operation.kind)
    try:
        with Heartbeat(operation):
            ending = _attempt(work)
        _write(work, ending)
    except LeaseLost:
        log.warning("lease_lost")
    finally:
        structlog.contextvars.unbind_contextvars("operation", "kind")


class Ending(dict[str, Any]):
    """The fields that an attempt leaves on the row, with `event` as (type, message)."""


def _attempt(work: Work) -> Ending:
    """Call the handler and turn whatever comes back into an ending. The one place that catches Exception."""
    operation = work.operation
    kind = kinds.get(operation.kind)
    try:
        if operation.cancel_requested and operation.fence == 1:
            raise CancelHonoured
        if not still_allowed(operation.actor, operation.team, kind.action):
            raise Refusal("NOT_ALLOWED", _("The person who asked for this is no longer allowed to do it."))
        result = kind.handler(work)
    except LeaseLost:
        raise
    except Later as later:
        # A planned pause is no failed attempt.
        return Ending(_later(later.seconds, later.phase or operation.phase), attempts=0)
    except Wait as wait:
        return Ending(state=State.WAITING, reason=wait.reason, event=("waiting", wait.message))
    except CancelHonoured:
        return Ending(state=State.CANCELLED, event=("cancelled", _("Cancelled")))
    except Refusal as refusal:
        return _failed(refusal.fault)
    except Run402Error as error:
        return _api_error(operation, kind, error)
    except Exception as error:
        log.exception("operation_crashed")
        return _failed(_crash(error))
    return Ending(state=State.SUCCEEDED, result=dict(result or {}), event=("succeeded", _("Done")))


def _later(seconds: float, phase: str) -> Ending:
    return Ending(state=State.QUEUED, phase=phase, not_before=timezone.now() + timedelta(seconds=seconds))


def _failed(fault: Fault) -> Ending:
    return Ending(state=State.FAILED, error=fault.as_dict(), event=("failed", fault.message))


def _api_error(operation: Operation, kind: Kind, error: Run402Error) -> Ending:
    """Repeat where it is safe, else fail with the whole canonical error (contract: identity 1.7)."""
    fault = fault_of(error)
    safe = fault.retryable and (fault.safe_to_retry or not kind.mutates)
    attempt = operation.attempts
    if safe and attempt <= len(RETRY_SECONDS):
        pause = RETRY_SECONDS[attempt - 1]
        ending = _later(pause, operation.phase)
        ending["event"] = ("retry", _("%(why)s Trying again in %(s)s s.") % {"why": fault.message, "s": pause})
        return ending
    return _failed(fault)


def fault_of(error: Run402Error) -> Fault:
    """Return a client error as the canonical envelope."""
    envelope = error.envelope()
    return Fault(
        code=str(envelope.get("code") or "API_ERROR"),
        message=str(envelope.get("message") or error),
        source="run402",
        hint=str(envelope.get("hint") or ""),
        retryable=bool(envelope.get("retryable")),
        safe_to_retry=bool(envelope.get("safe_to_retry")),
        mutation_state=str(envelope.get("mutation_state") or ""),
        trace_id=str(envelope.get("trace_id") or ""),
        status=error.status,
        details=_mapping(envelope.get("details")),
        next_actions=tuple(_mapping(a) for a in envelope.get("next_actions") or ()),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _crash(error: Exception) -> Fault:
    return Fault(
        code="PANEL_BUG",
        message=_("The panel made a mistake here. What happened so far is listed below."),
        hint=_("The worker's log has the details under this operation's id."),
        safe_to_retry=False,
        mutation_state="unknown",
        details={"exception": type(error).__name__},
    )


def _write(work: Work, ending: Ending) -> None:
    """Write the ending if this attempt still holds the row, with its event, its audit entry and the next wake-up."""
    operation = work.operation
    event = ending.pop("event", None)
    state = State(ending["state"])
    fields: dict[str, Any] = {"lease_until": None, **ending}
    if state in FINAL:
        fields["finished_at"] = timezone.now()
        fields.setdefault("reason", "")
    with transaction.atomic():
        mine = Operation.objects.filter(pk=operation.pk, state=State.RUNNING, fence=operation.fence)
        if not mine.update(**fields):
            raise LeaseLost(str(operation.pk))
        operation.refresh_from_db()
        work.flush()
        if event:
            add_event(operation, event[0], str(event[1]), operation.phase)
        if state in FINAL:
            _end(operation, work)


def _end(operation: Operation, work: Work) -> None:
    kind = kinds.get(operation.kind)
    if operation.state != State.SUCCEEDED:
        tell_end(operation)
    if kind.audited:
        audit_operation(operation.state, operation, work.actor)
    transaction.on_commit(lambda: wake.send(operation.queue) if operation.lane else None)


def sweep(queue: str) -> int:
    """Put rows whose worker vanished back in line, fail those that vanish again and again; return how many."""
    expired = Operation.objects.filter(queue=queue, state=State.RUNNING, lease_until__lt=timezone.now())
    swept = 0
    for operation in expired[:100]:
        swept += _requeue(operation)
    return swept


def _requeue(operation: Operation) -> int:
    mine = Operation.objects.filter(pk=operation.pk, state=State.RUNNING, fence=operation.fence)
    with transaction.atomic():
        if operation.attempts >= MAX_ATTEMPTS:
            fault = Fault("WORKER_LOST", _("The worker vanished several times while doing this."), mutation_state="unknown")
            changed = mine.update(state=State.FAILED, error=fault.as_dict(), finished_at=timezone.now(), lease_until=None)
        else:
            changed = mine.update(state=State.QUEUED, lease_until=None, not_before=timezone.now())
        if changed:
            operation.refresh_from_db()
            add_event(operation, "requeued", _("The worker vanished; another one goes on."), operation.phase)
            if operation.state == State.FAILED:
                tell_end(operation)
    return changed


__all__ = ["Reason", "claim", "fault_of", "run", "run_due", "sweep"]

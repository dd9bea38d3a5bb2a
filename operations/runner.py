"""The worker's side of the engine: claim a row, run its handler under a lease, write how it ended."""

from __future__ import annotations

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from structlog.contextvars import bound_contextvars

from core.errors import Fault, Refusal
from operations import consent, endings, handing, outcomes, rights, wake
from operations.claims import Heartbeat, claim
from operations.endings import Ending, fault_of
from operations.models import FINAL, Operation, State, ids
from operations.queue import add_event, audit_operation, audit_refusal, tell_end
from operations.registry import Guard, kinds
from operations.work import CancelHonoured, Held, Later, LeaseLost, Wait, Work
from run402.errors import Run402Error

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5


def run_due(queue: str) -> int:
    """Run what is due in the queue, one after another, until nothing is left; return how many."""
    count = 0
    while operation := claim(queue):
        if not count:
            wake.send_on(queue)
        run(operation)
        count += 1
    return count


def run(operation: Operation) -> None:
    """Run one claimed operation to its next resting state."""
    work = Work(operation)
    with bound_contextvars(**ids(operation), request_id=operation.request_id):
        try:
            with Heartbeat(operation):
                ending = _attempt(work) if operation.kind in kinds else endings.unknown_kind(operation)
            _write(work, ending)
            log.info("operation_attempted", state=operation.state, attempt=operation.attempts)
        except LeaseLost:
            log.warning("lease_lost")


def _attempt(work: Work) -> Ending:
    """Call the handler and turn whatever comes back into an ending. The one place that catches Exception."""
    operation, kind = work.operation, kinds.get(work.operation.kind)
    try:
        _may_run(operation)
        return endings.succeeded(kind.handler(work), kind.result_for)
    except LeaseLost:
        raise
    except Later as later:
        return _later(work, later)
    except Wait as wait:
        return endings.waiting(wait.reason, wait.message)
    except CancelHonoured as stop:
        return endings.cancelled(str(stop))
    except Refusal as refusal:
        return endings.refused(refusal.fault)
    except Run402Error as error:
        return endings.answered(operation, kind, error)
    except (OperationalError, InterfaceError):
        log.warning("database_did_not_answer", exc_info=True)
        _drop_broken_connection()
        return endings.unrecorded(operation)
    except Exception as error:
        log.exception("operation_crashed")
        return endings.crashed(error)


def _later(work: Work, later: Later) -> Ending:
    if isinstance(later, Held):
        return endings.held(work.operation, later.seconds, later.message, begun=bool(work.checkpoints))
    return endings.paused(later.seconds, later.phase or work.operation.phase)


def _drop_broken_connection() -> None:
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def _may_run(operation: Operation) -> None:
    """Stop what was cancelled before it ever ran, and what its asker may no longer ask for."""
    if operation.cancel_requested and operation.fence == 1:
        raise CancelHonoured
    if not rights.may(operation, operation.actor):
        said = _(
            "The person who asked for this may no longer do it: their role, or what they reach, has changed."
        )
        raise Refusal("NOT_ALLOWED", said, hint=_("Somebody who may can start it again."))
    if kinds.get(operation.kind).guard is Guard.PASSKEY:
        consent.demand(operation)


def _write(work: Work, ending: Ending) -> None:
    """Write the ending if this attempt still holds the row, with its event, its audit entry and the next wake-up."""
    operation = work.operation
    fields = {"reason": "", **ending.fields, "state": ending.state, "lease_until": None}
    if ending.state in FINAL:
        fields["finished_at"] = timezone.now()
    with transaction.atomic():
        mine = Operation.objects.filter(pk=operation.pk, state=State.RUNNING, fence=operation.fence)
        if not mine.update(**fields):
            raise LeaseLost(str(operation.pk))
        operation.refresh_from_db()
        work.flush()
        if ending.event:
            add_event(operation, *ending.event, operation.phase)
        if ending.state in FINAL:
            _end(operation, ending.refusal)
        if ending.state != State.QUEUED:
            outcomes.announce(operation)
        transaction.on_commit(lambda: _wake_next(operation))


def _end(operation: Operation, refusal: str = "") -> None:
    """Tell the room and the audit record. `refusal` is the code under which the panel decided not to do it."""
    if operation.kind not in kinds:
        return
    if operation.state != State.SUCCEEDED:
        _tell(operation)
    if kinds.get(operation.kind).audited:
        audit_operation("refused" if refusal else operation.state, operation, code=refusal)
    elif refusal and operation.actor:
        audit_refusal(operation, refusal)


def _tell(operation: Operation) -> None:
    """Call the kind's `on_end`. A bug there must not keep the operation from ending."""
    try:
        with transaction.atomic():
            tell_end(operation)
    except Exception:
        log.exception("on_end_crashed", operation=str(operation.pk))


def _wake_next(operation: Operation) -> None:
    """Wake a worker for the lane that is free now, or for this row when its pause is over."""
    if operation.state == State.QUEUED:
        wake.send_later(operation.queue, (operation.not_before - timezone.now()).total_seconds())
    elif operation.lane:
        wake.send(operation.queue)


def sweep(queue: str) -> int:
    """Put rows whose worker vanished back in line, fail those that vanish again and again; return how many.

    What nobody confirmed in time ends here too, and results that must not stay are emptied.
    """
    consent.expire()
    handing.empty()
    expired = Operation.objects.filter(queue=queue, state=State.RUNNING, lease_until__lt=timezone.now())
    return sum(_recover(operation) for operation in expired.select_related("actor")[:100])


def _recover(operation: Operation) -> int:
    """Take the row from its worker, unless that one has shown a sign of life meanwhile."""
    now = timezone.now()
    lost = Operation.objects.filter(
        pk=operation.pk, state=State.RUNNING, fence=operation.fence, lease_until__lt=now
    )
    with transaction.atomic():
        if operation.attempts < MAX_ATTEMPTS:
            changed = lost.update(state=State.QUEUED, lease_until=None, not_before=now)
            event = ("requeued", _("The worker vanished; another one goes on."))
        else:
            said = _("The worker vanished several times while doing this.")
            fault = Fault("WORKER_LOST", said, safe_to_retry=False, mutation_state="unknown")
            changed = lost.update(
                state=State.FAILED, error=fault.as_dict(), finished_at=now, lease_until=None
            )
            event = ("failed", fault.message)
        if changed:
            operation.refresh_from_db()
            add_event(operation, *event, operation.phase)
            if operation.is_final:
                _end(operation)
                outcomes.announce(operation)
    return changed


__all__ = ["claim", "fault_of", "run", "run_due", "sweep"]

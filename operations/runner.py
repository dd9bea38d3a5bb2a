"""The worker's side of the engine: claim a row, run its handler under a lease, write how it ended."""

from __future__ import annotations

from functools import partial

import structlog
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _
from structlog.contextvars import bound_contextvars

from core.errors import Refusal
from core.outages import outage_of
from operations import consent, endings, overtime, reconciling, rights, seats, wake
from operations.claims import claim
from operations.endings import Ending, fault_of
from operations.heartbeats import Heartbeat
from operations.models import Operation, ids
from operations.recovering import sweep
from operations.registry import INTERACTIVE, Guard, Kind, kinds
from operations.work import CancelHonoured, Held, Later, LeaseLost, Wait, Work
from operations.writing import write
from run402.errors import Run402Error
from wallets.halts import Halted
from wallets.spending import has_left

log = structlog.get_logger(__name__)

#: Rows in a row that may turn out to be unreadable; then the sweep has to end them first.
MOST_UNREADABLE = 5


def run_due(queue: str) -> int:
    """Run what is due in the queue, one after another, until nothing is left; return how many.

    In a worker that people wait for, everything else needs a seat. Who has one runs all the other queues in turn, so
    that whoever found none can leave.
    """
    arranged = seats.plan()
    if arranged is None or queue == INTERACTIVE:
        return _drain(queue)
    count = 0
    # Looked at again afterwards: a row may have come while the seat was given up.
    while any(wake.is_due(other) for other in arranged.queues):
        with seats.taken(arranged) as seated:
            done = _in_turn(arranged) if seated else 0
        if not done:
            break
        count += done
    return count


def _drain(queue: str) -> int:
    count = 0
    while operation := _next(queue):
        if not count:
            wake.send_on(queue)
        run(operation)
        count += 1
    return count


def _next(queue: str) -> Operation | None:
    """Return the next row. One that was taken and cannot be read is left to the sweep, and the next one is taken."""
    for _try in range(MOST_UNREADABLE):
        try:
            return claim(queue)
        except DatabaseError:
            raise
        except Exception:
            log.exception("row_unreadable", queue=queue)
    return None


def _in_turn(arranged: seats.Plan) -> int:
    """Run one row of each queue in turn, and where no process is kept free for people, theirs before each."""
    count, done = 0, True
    while done:
        done = False
        for queue in arranged.queues:
            if arranged.file is None:
                count += _drain(INTERACTIVE)
            if operation := _next(queue):
                run(operation)
                count, done = count + 1, True
    return count


def run(operation: Operation) -> None:
    """Run one claimed operation to its next resting state."""
    with bound_contextvars(**ids(operation), request_id=operation.request_id):
        try:
            if operation.kind not in kinds:
                write(operation, endings.unknown_kind(operation))
            elif not _is_sound(operation):
                write(operation, endings.damaged(operation))
            else:
                _run(Work(operation), kinds.get(operation.kind))
            log.info("operation_attempted", state=operation.state, attempt=operation.attempts)
        except LeaseLost:
            log.warning("lease_lost")


def _is_sound(operation: Operation) -> bool:
    return isinstance(operation.args, dict) and isinstance(operation.checkpoints, dict)


def _run(work: Work, kind: Kind) -> None:
    """Run the handler within its time, and write what came of it. A process that is told to end does so afterwards."""
    operation = work.operation
    stop: BaseException | None = None
    with (
        overtime.alarm(kind.limit),
        Heartbeat(operation, kind.limit, partial(overtime.end, operation, kind)),
    ):
        try:
            ending = _attempt(work, kind)
        except (SystemExit, KeyboardInterrupt) as told:
            ending, stop = endings.lost(operation, sent=work.sent), told
    try:
        write(operation, reconciling.instead(operation, work.checkpoints, ending), flush=work.flush)
    finally:
        if stop is not None:
            raise stop


def _attempt(work: Work, kind: Kind) -> Ending:  # noqa: C901 - one branch for each way an attempt ends
    """Call the handler and turn whatever comes back into an ending."""
    try:
        if reconciling.is_looking(work.checkpoints):
            return reconciling.look(work, kind)
        _may_run(work.operation, kind)
        work.stop_if_halted()
        return endings.succeeded(kind.handler(work), kind.result_for, sent=work.sent)
    except LeaseLost:
        raise
    except Later as later:
        return _later(work, kind, later)
    except Wait as wait:
        return endings.waiting(wait.reason, wait.message)
    except CancelHonoured as stop:
        return endings.cancelled(str(stop))
    except Halted as halted:
        return endings.held(work.operation, 0.0, halted.fault.message, begun=bool(work.checkpoints))
    except Refusal as refusal:
        return endings.refused(refusal.fault)
    except Run402Error as error:
        return endings.answered(work.operation, kind, error)
    except Exception as error:
        outage = outage_of(error)
        if outage is None:
            log.exception("operation_crashed")
            return endings.crashed(error, sent=work.sent)
        log.warning("interrupted", outage=outage.value, exc_info=True)
        _drop_broken_connection()
        return endings.interrupted(work.operation, outage, sent=work.sent)


def _later(work: Work, kind: Kind, later: Later) -> Ending:
    operation = work.operation
    if isinstance(later, Held):
        return endings.held(operation, later.seconds, later.message, begun=bool(work.checkpoints))
    return endings.paused(kind, work.checkpoints, later.seconds, later.phase or operation.phase)


def _drop_broken_connection() -> None:
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def _may_run(operation: Operation, kind: Kind) -> None:
    """Stop what was cancelled before it ever ran, and what its asker may no longer ask for."""
    if operation.cancel_requested and operation.fence == 1:
        raise CancelHonoured
    if not rights.may(operation, operation.actor):
        said = _(
            "The person who asked for this may no longer do it: their role, or what they reach, has changed."
        )
        raise Refusal("NOT_ALLOWED", said, hint=_("Somebody who may can start it again."))
    if kind.asks_passkey(operation.args) and not _is_paid_for(operation, kind):
        consent.demand(operation)


def _is_paid_for(operation: Operation, kind: Kind) -> bool:
    """Say whether real money has left under a passkey's word: it is told truly however much later that is."""
    return kind.guard is Guard.REAL_MONEY and has_left(operation.pk)


__all__ = ["claim", "fault_of", "run", "run_due", "sweep", "write"]

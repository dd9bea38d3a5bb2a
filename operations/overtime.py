"""No attempt holds a process for ever: its row ends at the kind's time limit, and its process a moment later.

    limit ──▶ a thread ends the row, by fence: nothing late is written any more, and no change is sent
    grace ──▶ the kernel's alarm ends the process; the pool starts another one

The alarm needs neither a thread nor the interpreter, so that a handler stuck in C code is ended as well: its row then
goes back in line when the lease runs out, as that of any worker that vanished.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from datetime import timedelta

import structlog
from celery.signals import worker_process_init
from django.db import DatabaseError

from operations import endings, reconciling, writing
from operations.models import Operation, ids
from operations.registry import Kind
from operations.work import LeaseLost

log = structlog.get_logger(__name__)

#: How long a handler may take to notice that its row was ended.
GRACE = timedelta(seconds=5)

_may_end_process = False


@worker_process_init.connect
def allow(**kwargs: object) -> None:
    """Let the alarm end this process: it is one of a pool, which starts another one."""
    global _may_end_process  # noqa: PLW0603 - what kind of process this is does not change
    _may_end_process = True


@contextlib.contextmanager
def alarm(limit: timedelta) -> Iterator[None]:
    """End this process of a pool when it is still in here after limit and grace."""
    if not _may_end_process:
        yield
        return
    # The pool's own handler is Python code, and would wait for an interpreter that may never come back.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, (limit + GRACE).total_seconds())
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def end(operation: Operation, kind: Kind) -> None:
    """End the row of an attempt that has run for too long. Called from another thread than the handler's."""
    log.error("time_limit", **ids(operation), seconds=kind.limit.total_seconds())
    try:
        row = Operation.objects.get(pk=operation.pk, fence=operation.fence)
        sent = bool(row.checkpoints.get(endings.SENT))
        ending = reconciling.instead(row, row.checkpoints, endings.out_of_time(kind.limit, sent=sent))
        writing.write(row, ending)
    except (Operation.DoesNotExist, LeaseLost):
        log.warning("lease_lost", **ids(operation))
    except DatabaseError as error:
        # The lease is not prolonged any more, so the sweep finds the row.
        log.warning("time_limit_not_written", **ids(operation), error=type(error).__name__)

"""The sweep: rows whose worker vanished go back in line, and those that vanish again and again end."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import DatabaseError
from django.utils import timezone

from operations import approvals, consent, endings, handing, reconciling, writing
from operations.endings import SENT
from operations.models import Operation, State
from operations.registry import INTERACTIVE, TIME_LIMITS, kinds
from operations.work import LeaseLost

log = structlog.get_logger(__name__)

#: Rows looked at in one sweep.
MOST = 100


def sweep(queue: str) -> int:
    """Recover the rows of vanished workers; return how many. What nobody confirmed or approved in time ends here too.

    Results that must not stay are emptied, and rows of no known queue are put into one.
    """
    consent.expire()
    approvals.sweep()
    handing.empty()
    misplaced()
    expired = Operation.objects.filter(queue=queue, state=State.RUNNING, lease_until__lt=timezone.now())
    return sum(
        _recover(pk) for pk in list(expired.order_by("lease_until").values_list("pk", flat=True)[:MOST])
    )


def _recover(pk: UUID) -> int:
    """Recover one row. What is wrong with it must not keep the others from being recovered."""
    try:
        operation = Operation.objects.select_related("actor").get(pk=pk)
    except Operation.DoesNotExist:
        return 0
    except DatabaseError:
        raise
    except Exception:
        log.exception("row_unreadable", operation=str(pk))
        return _fail_unread(pk)
    try:
        recover(operation)
    except LeaseLost:
        return 0
    except DatabaseError:
        raise
    except Exception:
        log.exception("row_not_recovered", operation=str(pk))
        return 0
    return 1


def _fail_unread(pk: UUID) -> int:
    """End a row that cannot even be read, by its id alone."""
    unread = Operation.objects.filter(pk=pk, state=State.RUNNING, lease_until__lt=timezone.now())
    error = endings.damage(sent=True).as_dict()
    return unread.update(state=State.FAILED, error=error, finished_at=timezone.now(), lease_until=None)


def misplaced() -> int:
    """Put rows of a queue that no worker of this version knows into their kind's own, or end them.

    A newer web may have meant it, so they are left for a newer worker for some minutes.
    """
    late = timezone.now() - endings.NEWER_WORKER_WITHIN
    rows = Operation.objects.filter(state=State.QUEUED, created_at__lt=late).exclude(queue__in=TIME_LIMITS)
    return sum(_replace(*row) for row in list(rows.values_list("pk", "kind", "queue")[:MOST]))


def _replace(pk: UUID, kind: str, queue: str) -> int:
    this = Operation.objects.filter(pk=pk, state=State.QUEUED, queue=queue)
    return this.update(queue=kinds.get(kind).queue if kind in kinds else INTERACTIVE)


def recover(operation: Operation) -> None:
    """Take the row from its worker. Raises LeaseLost if that one has shown a sign of life meanwhile."""
    checkpoints = operation.checkpoints if isinstance(operation.checkpoints, dict) else {}
    ending = endings.lost(operation, sent=SENT in checkpoints)
    ending = reconciling.instead(operation, checkpoints, ending)
    writing.write(operation, ending, lease_until__lt=timezone.now())

"""The sweep: rows whose worker vanished go back in line, and those that vanish again and again end."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import DatabaseError
from django.utils import timezone

from operations import consent, endings, handing, reconciling, writing
from operations.endings import SENT
from operations.models import Operation, State
from operations.work import LeaseLost

log = structlog.get_logger(__name__)

#: Rows looked at in one sweep.
MOST = 100


def sweep(queue: str) -> int:
    """Recover the rows of vanished workers; return how many. What nobody confirmed in time ends here too.

    Results that must not stay are emptied.
    """
    consent.expire()
    handing.empty()
    expired = Operation.objects.filter(queue=queue, state=State.RUNNING, lease_until__lt=timezone.now())
    return sum(
        _recover(pk) for pk in list(expired.order_by("lease_until").values_list("pk", flat=True)[:MOST])
    )


def _recover(pk: UUID) -> int:
    """Recover one row. One that cannot be read must not keep the others from being recovered."""
    try:
        operation = Operation.objects.select_related("actor").get(pk=pk)
        recover(operation)
    except (LeaseLost, Operation.DoesNotExist):
        return 0
    except DatabaseError:
        raise
    except Exception:
        log.exception("row_not_recovered", operation=str(pk))
        return 0
    return 1


def recover(operation: Operation) -> None:
    """Take the row from its worker. Raises LeaseLost if that one has shown a sign of life meanwhile."""
    checkpoints = operation.checkpoints if isinstance(operation.checkpoints, dict) else {}
    ending = endings.lost(operation, sent=SENT in checkpoints)
    ending = reconciling.instead(operation, checkpoints, ending)
    writing.write(operation, ending, lease_until__lt=timezone.now())

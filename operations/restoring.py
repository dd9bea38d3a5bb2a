"""Operations after a restore: whether one went on after the backup, nobody here knows."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from core.registry import Restored
from operations.decisions import RESTORED
from operations.models import ACTIVE, Approval, Operation, Reason, State
from operations.queue import add_event
from operations.registry import Kind, kinds

#: A worker of the old instance that finds this database again never holds a row's fence.
FENCE_STEP = 1_000_000


def without_passing_result(row: dict[str, Any]) -> None:
    """Keep a result that must not stay out of a backup."""
    if row["result_until"] is not None:
        row["result"], row["result_until"] = {}, None


def hold_for_review(restored: Restored) -> None:
    """Let every unfinished operation wait for a person; a reading, which the panel does again by itself, is over."""
    readings = [name for name, kind in kinds.items() if _is_reading(kind)]
    unfinished = Operation.objects.filter(state__in=ACTIVE)
    _end_readings(list(unfinished.filter(kind__in=readings)))
    facts = {"time": f"{restored.made_at:%Y-%m-%d %H:%M} UTC"}
    said = _(
        "The panel was restored from the backup of %(time)s. Whether this went on afterwards is not known here."
    )
    held = list(unfinished)
    # What was approved before the backup may have been paid since.
    Approval.objects.filter(operation__in=[one.pk for one in held]).update(state=Approval.State.REPLACED)
    unfinished.update(
        state=State.WAITING,
        reason=Reason.REVIEW,
        fence=F("fence") + FENCE_STEP,
        lease_until=None,
        consent={},
        consent_until=None,
        attempts=0,
    )
    for operation in held:
        checkpoints = {**operation.checkpoints, RESTORED: True}
        Operation.objects.filter(pk=operation.pk).update(checkpoints=checkpoints)
        add_event(operation, "restored", said % facts)


def _is_reading(kind: Kind) -> bool:
    """Say whether the panel does it again by itself. What finds out the truth about money is done by catching up."""
    return not kind.mutates and (not kind.audited or kind.runs_halted)


def _end_readings(operations: list[Operation]) -> None:
    ended = {"state": State.CANCELLED, "reason": "", "finished_at": timezone.now(), "lease_until": None}
    these = Operation.objects.filter(pk__in=[operation.pk for operation in operations])
    these.update(fence=F("fence") + FENCE_STEP, **ended)
    for operation in operations:
        add_event(
            operation, "cancelled", _("The panel was restored from a backup; this is read again by itself.")
        )

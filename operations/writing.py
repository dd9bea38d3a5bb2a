"""Writing how an attempt ended: by fence, so that of all who believe to hold the row only one gets to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.db import transaction
from django.db.models import IntegerField, UUIDField
from django.utils import timezone

from core.prepared import Param, Prepared
from operations import outcomes, wake
from operations.endings import Ending
from operations.models import FINAL, Operation, Reason, State
from operations.queue import add_event, audit_operation, audit_refusal, tell_end
from operations.registry import kinds
from operations.work import LeaseLost

log = structlog.get_logger(__name__)


def write(
    operation: Operation,
    ending: Ending,
    *,
    flush: Callable[[], None] | None = None,
    **held: Any,
) -> None:
    """Write the ending with its event, its audit entry and the next wake-up, if the row is still this attempt's.

    `flush` writes what the attempt has collected, `held` says more about the row. Raises LeaseLost.
    """
    fields = {"reason": "", **ending.fields, "state": ending.state, "lease_until": None}
    if ending.state in FINAL:
        fields["finished_at"] = timezone.now()
    with transaction.atomic():
        if held and not Operation.objects.select_for_update().filter(pk=operation.pk, **held).exists():
            raise LeaseLost(str(operation.pk))
        count, row = _MINE.update(fields, _COLUMNS, pk=operation.pk, fence=operation.fence)
        if not count:
            raise LeaseLost(str(operation.pk))
        for name, value in row.items():
            setattr(operation, name, value)
        if flush:
            flush()
        _tell(operation, ending)
        transaction.on_commit(lambda: _wake_next(operation))


_MINE = Prepared(
    lambda: Operation.objects.filter(
        pk=Param("pk", UUIDField()), state=State.RUNNING, fence=Param("fence", IntegerField())
    )
)
#: The row as it is then: a handler, or a person who cancels, may have written to it meanwhile.
_COLUMNS = tuple(field.attname for field in Operation._meta.concrete_fields)


def _tell(operation: Operation, ending: Ending) -> None:
    """Tell the page, the room, whoever listens, and last the audit record, whose head is locked from then on."""
    if ending.event:
        add_event(operation, *ending.event, operation.phase)
    if ending.state in FINAL and operation.state != State.SUCCEEDED and operation.kind in kinds:
        _call("on_end_crashed", tell_end, operation)
    elif operation.state == State.WAITING and operation.reason == Reason.REVIEW:
        _call("on_review_crashed", tell_review, operation)
    if ending.state != State.QUEUED:
        outcomes.announce(operation)
    if ending.state in FINAL and operation.kind in kinds:
        _record(operation, ending.refusal)


def _record(operation: Operation, refusal: str) -> None:
    """Write the end into the audit record. `refusal` is the code under which the panel decided not to do it."""
    if kinds.get(operation.kind).audited:
        audit_operation("refused" if refusal else operation.state, operation, code=refusal)
    elif refusal and operation.actor:
        audit_refusal(operation, refusal)


def tell_review(operation: Operation) -> None:
    """Call what the kind wants to do when a person has to find out what became of it."""
    kind = kinds.get(operation.kind) if operation.kind in kinds else None
    if kind and kind.on_review:
        kind.on_review(operation)


def _call(word: str, tell: Callable[[Operation], None], operation: Operation) -> None:
    """Tell the room. A bug there must not keep the operation from ending."""
    try:
        with transaction.atomic():
            tell(operation)
    except Exception:
        log.exception(word, operation=str(operation.pk))


def _wake_next(operation: Operation) -> None:
    """Wake a worker for the lane that is free now, or for this row when its pause is over."""
    if operation.state == State.QUEUED:
        wake.send_later(operation.queue, (operation.not_before - timezone.now()).total_seconds())
    elif operation.lane:
        wake.send(operation.queue)

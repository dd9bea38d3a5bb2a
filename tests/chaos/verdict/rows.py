"""Every operation is there, has ended, and says so once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.utils import timezone

from audit.models import Event
from billing import freezes
from operations.models import FINAL, Operation, Reason, State
from tests.chaos.verdict.finding import LOST, OTHER, OUR_MISTAKES, REPEATED, Facts, Finding, check, told


@check
def everything_asked_for_is_there(facts: Facts) -> Iterator[Finding]:
    for missing in sorted(facts.asked - {str(operation.pk) for operation in facts.operations}):
        yield Finding(LOST, f"operation {missing} was asked for and is not there")


@check
def everything_has_ended_or_waits_for_a_person(facts: Facts) -> Iterator[Finding]:
    for operation in facts.operations:
        if operation.state == State.WAITING and operation.reason in Reason.values:
            continue
        if is_before_its_hour(operation):
            continue
        if operation.state not in FINAL:
            yield Finding(LOST, f"has not ended: {told(operation)}")
        elif operation.error.get("code") in OUR_MISTAKES:
            yield Finding(OTHER, f"our mistake {operation.error.get('details')}: {told(operation)}")


def is_before_its_hour(operation: Operation) -> bool:
    """It lifts a freeze an hour after one person's word, longer than any run."""
    waits = operation.kind == freezes.DUE and operation.state == State.QUEUED
    return waits and operation.not_before > timezone.now()


@check
def every_end_is_told_once(facts: Facts) -> Iterator[Finding]:
    """One event of the end on the page, and one entry in the audit record for what is audited."""
    actions = ["operation.succeeded", "operation.failed", "operation.cancelled", "operation.refused"]
    entries = Counter(
        Event.objects.filter(action__in=actions, object_type="operation").values_list("object_id")
    )
    for operation in facts.operations:
        ends = [
            event for event in operation.events.all() if event.type in ("succeeded", "failed", "cancelled")
        ]
        if operation.state in FINAL and len(ends) != 1:
            yield Finding(OTHER, f"its end is told {len(ends)} times: {told(operation)}")
        if entries[(str(operation.pk),)] > 1:
            yield Finding(
                REPEATED, f"its end is recorded {entries[(str(operation.pk),)]} times: {told(operation)}"
            )


@check
def one_wish_is_one_operation(facts: Facts) -> Iterator[Finding]:
    """Of equal wishes, such as a double click, one at a time is under way."""
    last: dict[tuple[object, str], Operation] = {}
    for operation in facts.operations:
        if not operation.unique_key:
            continue
        key = (operation.team_id, operation.unique_key)
        before = last.get(key)
        if before and (before.finished_at is None or before.finished_at > operation.created_at):
            yield Finding(REPEATED, f"two at a time: {told(before)} and {told(operation)}")
        last[key] = operation

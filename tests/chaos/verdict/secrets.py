"""Secrets: the last one to set a name wins, what was deleted is gone, and no value stays in the panel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from operations.models import FINAL, Operation, State
from projects.models import Project, SecretDraft
from tests.chaos.verdict.finding import LOST, OTHER, REPEATED, Facts, Finding, check, told

LATEST = datetime.max.replace(tzinfo=UTC)


@check
def a_name_has_the_value_of_who_set_it_last(facts: Facts) -> Iterator[Finding]:
    """What ended otherwise than well may have come half-way: of its names nothing is said.

    A deleted project took its secrets along.
    """
    ids: dict[object, str] = dict(Project.objects.values_list("pk", "remote_id"))
    gone = set(Project.objects.filter(state=Project.State.DELETED).values_list("pk", flat=True))
    for (project, key), last in _last_of_each(facts).items():
        if project in gone:
            continue
        there = facts.books.secrets.get((ids[project], key))
        if last is None:
            continue
        if last.kind == "secrets.set" and there != last.args["draft"]:
            yield Finding(LOST, f"{key} has another value than it was given last: {told(last)}")
        if last.kind == "secret.delete" and there is not None:
            yield Finding(REPEATED, f"{key} is there again: {told(last)}")


def _last_of_each(facts: Facts) -> dict[tuple[object, str], Operation | None]:
    """Return the last change of each name by project; None where nobody can say what it did.

    One that paused, for want of an answer, lets another one of its lane go ahead: then either may be the last.
    """
    found: dict[tuple[object, str], Operation | None] = {}
    ended: dict[tuple[object, str], datetime] = {}
    changes = facts.of("secrets.set", "secret.delete")
    for change in sorted(changes, key=lambda one: one.finished_at or LATEST):
        if change.state != State.SUCCEEDED and change.started_at is None:
            continue
        for key in change.args.get("keys") or [change.args["key"]]:
            name = (change.subject_id, key)
            after = change.started_at is None or change.started_at >= ended.get(name, change.started_at)
            found[name] = change if change.state == State.SUCCEEDED and after else None
            ended[name] = change.finished_at or LATEST
    return found


@check
def no_value_outlives_its_operation(facts: Facts) -> Iterator[Finding]:
    for draft in SecretDraft.objects.filter(operation__state__in=FINAL).select_related("operation"):
        if draft.operation is not None:
            yield Finding(OTHER, f"its values are still here: {told(draft.operation)}")

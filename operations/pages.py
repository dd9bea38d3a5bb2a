"""What the activity pages show, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from core.paging import LongPaginator
from operations import approvals, decisions, live, retention, selectors
from operations.approval_page import Standing, standing
from operations.entries import Entry
from operations.models import Operation, OperationEvent, OperationRequest
from operations.registry import kind_label, kinds
from operations.reviewing import Review, review_of
from teams.models import Membership
from teams.permissions import Action, allows

PER_PAGE = 25
REQUESTS_PER_PAGE = 50
LOOKS = {
    "succeeded": "good",
    "failed": "bad",
    **dict.fromkeys(("retry", "requeued", "waiting", "cancelled"), "warn"),
}


@dataclass(frozen=True)
class Row:
    """One operation in the list."""

    operation: Operation
    kind: str


@dataclass(frozen=True)
class ListPage:
    """One tab of the activity: the rows of one page. `tab` is operations or audit."""

    tab: str
    rows: Page[Any]
    entries: tuple[Row | Entry, ...]
    filtered: bool


@dataclass(frozen=True)
class Line:
    """One line of the log."""

    event: OperationEvent
    look: str

    @property
    def clock(self) -> str:
        """The time to a tenth of a second."""
        at = timezone.localtime(self.event.at)
        return f"{at:%H:%M:%S}.{at.microsecond // 100_000}"


@dataclass(frozen=True)
class EventsPage:
    """The fragment that follows an operation: what moves, and the lines that are new."""

    now: live.Live
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class DetailPage(EventsPage):
    """One operation in full. `requests` is one page of them; `review` is there while nobody knows what became of it."""

    operation: Operation
    kind: str
    requests: Page[OperationRequest]
    may_cancel: bool
    seconds: float | None
    approval: Standing | None
    why: str
    review: Review | None


@dataclass(frozen=True)
class OperationsPage(ListPage):
    """The tab of operations, with what is kept for how many days, and whether the member may take them along."""

    export_url: str
    may_export: bool
    days: int
    readings_days: int


def operations_page(
    found: QuerySet[Operation], number: str, *, membership: Membership, filters: Mapping[str, str]
) -> OperationsPage:
    """Return one page of operations."""
    rows = LongPaginator(found, PER_PAGE).get_page(number)
    asked = {"q" if name == "text" else name: value for name, value in filters.items() if value}
    export = reverse("operations:export_operations")
    return OperationsPage(
        tab="operations",
        rows=rows,
        entries=tuple(Row(row, kind_label(row.kind)) for row in rows),
        filtered=bool(asked),
        export_url=f"{export}?{urlencode(asked)}" if asked else export,
        may_export=allows(membership.role, Action.OPERATIONS_EXPORT),
        days=retention.days_kept("operations"),
        readings_days=retention.days_kept("readings"),
    )


def events_page(operation: Operation, *, after: int, step: int) -> EventsPage:
    """Return what is new after event number `after`."""
    lines = _lines(operation, after)
    return EventsPage(live.live(operation, "events", step=step, after=_last(lines, after)), lines)


def detail_page(operation: Operation, membership: Membership, *, number: str = "") -> DetailPage:
    """Return the whole page of one operation, with the page of its requests that the address asks for."""
    lines = _lines(operation, 0)
    return DetailPage(
        now=live.live(operation, "events", after=_last(lines, 0)),
        lines=lines,
        operation=operation,
        kind=kind_label(operation.kind),
        requests=LongPaginator(selectors.requests_of(operation), REQUESTS_PER_PAGE).get_page(number),
        may_cancel=may_cancel(operation, membership) and not operation.cancel_requested,
        seconds=_seconds(operation),
        approval=_asked(operation),
        why=decisions.why_not_retried(operation),
        review=review_of(operation, membership),
    )


def _asked(operation: Operation) -> Standing | None:
    """Return the request for an approval that the operation waits for."""
    request = approvals.request_of(operation) if approvals.is_waiting(operation) else None
    return standing(request) if request else None


def may_cancel(operation: Operation, membership: Membership) -> bool:
    """Say whether the member may stop it: whoever may start its kind may stop it."""
    known = operation.kind in kinds and not decisions.is_in_review(operation)
    return operation.is_active and known and allows(membership.role, kinds.get(operation.kind).action)


def _lines(operation: Operation, after: int) -> tuple[Line, ...]:
    return tuple(Line(event, LOOKS.get(event.type, "")) for event in selectors.events_after(operation, after))


def _last(lines: tuple[Line, ...], otherwise: int) -> int:
    return lines[-1].event.seq if lines else otherwise


def _seconds(operation: Operation) -> float | None:
    """Return how long it took, from first start to end; None while it runs."""
    if not operation.started_at or not operation.finished_at:
        return None
    return (operation.finished_at - operation.started_at).total_seconds()

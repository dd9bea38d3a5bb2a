"""One operation: its page, its moving parts, and its text for support."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.http import STOP_POLLING, whole_number
from operations import pages, selectors
from operations import support as texts
from operations.live import asks_person
from operations.models import Operation, Reason
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action


@require_safe
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show one operation: what it did, what it asked Run402, how it ended."""
    operation = selectors.operation_for(request.membership, pk)
    page = pages.detail_page(operation, request.membership, number=request.GET.get("page", ""))
    return render(request, "operations/detail.html", {"page": page})


@never_cache
@require_safe
@require(Action.VIEW)
def support(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer with the operation as plain text, to be copied into a request for help."""
    operation = selectors.operation_for(request.membership, pk)
    rows = selectors.requests_of(operation)
    newest = list(rows.reverse()[: texts.MOST_REQUESTS])[::-1]
    text = texts.support_text(operation, newest, rows.count())
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_safe
@require(Action.VIEW)
def strip(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer the strip of any page; that page loads anew when it has ended, or waits for another decision."""
    operation = selectors.operation_for(request.membership, pk)
    if _is_past(request, operation):
        return _anew()
    return render(request, "operations/_strip.html", {"op": operation, "step": whole_number(request, "step")})


@require_safe
@require(Action.VIEW)
def events(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer with the events after `after`; the page loads anew as that of a strip does."""
    operation = selectors.operation_for(request.membership, pk)
    if _is_past(request, operation):
        return _anew()
    page = pages.events_page(
        operation, after=whole_number(request, "after"), step=whole_number(request, "step")
    )
    return render(request, "operations/detail.html#events", {"page": page})


def _is_past(request: PanelRequest, operation: Operation) -> bool:
    """Say whether the page that asks shows what is no more; its address says what the operation waited for then."""
    drawn = next((word for word in (Reason.REVIEW, Reason.APPROVAL) if word in request.GET), "")
    return operation.is_final or asks_person(operation) != drawn


def _anew() -> HttpResponse:
    return HttpResponse(status=STOP_POLLING, headers={"HX-Refresh": "true"})

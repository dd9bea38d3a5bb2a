"""Activity: the team's operations, the audit record, and one operation as it goes."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from audit import selectors as audit_selectors
from core.errors import Refusal
from core.http import STOP_POLLING, go, safe_next
from operations import approvals, pages, queue, selectors
from operations.forms import FilterForm
from operations.models import Operation, State
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from teams.record import events_within
from teams.stepup import step_up
from wallets import gateways


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List the operations at the current gateway, or the team's audit record."""
    form = FilterForm(request.GET)
    text, number = form.value("q"), request.GET.get("page", "")
    if request.GET.get("tab") == "audit":
        events = audit_selectors.events_of(request.team.pk, text, events_within(request.membership))
        page = pages.audit_page(events, number, filtered=bool(text))
    else:
        state, kind = form.value("state"), form.value("kind")
        found = selectors.matching(
            request.membership.reach, gateways.of(request), state=state, kind=kind, text=text
        )
        page = pages.operations_page(found, number, filtered=bool(state or kind or text))
    return render(request, "operations/list.html", {"page": page, "form": form})


@require_safe
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show one operation: what it did, what it asked Run402, how it ended."""
    operation = selectors.operation_for(request.membership, pk)
    page = pages.detail_page(operation, request.membership)
    return render(request, "operations/detail.html", {"page": page})


@require_safe
@require(Action.VIEW)
def strip(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer the strip of any page; when the operation has ended, that page is loaded anew."""
    operation = selectors.operation_for(request.membership, pk)
    if operation.is_final:
        return _ended()
    return render(request, "operations/_strip.html", {"op": operation, "step": _number(request, "step")})


@require_safe
@require(Action.VIEW)
def events(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer with the events after `after`; when the operation has ended, its page is loaded anew."""
    operation = selectors.operation_for(request.membership, pk)
    if operation.is_final:
        return _ended()
    page = pages.events_page(operation, after=_number(request, "after"), step=_number(request, "step"))
    return render(request, "operations/detail.html#events", {"page": page})


@require_POST
@require(Action.VIEW)
def cancel(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Cancel, for whoever may start the kind."""
    operation = selectors.operation_to_stop(request.membership, pk)
    state = queue.cancel(operation, actor=request.user)
    messages.info(request, _said(operation, state))
    return go(request, safe_next(request, reverse("operations:detail", args=[operation.pk])))


@require_POST
@require(Action.PAYMENT_APPROVE)
@step_up(lambda kwargs: f"operation.approve/{kwargs['pk']}", gettext_lazy("approve a payment"))
def approve(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Let go on what another member wants to pay."""
    operation = selectors.operation_for(request.membership, pk, Action.PAYMENT_APPROVE)
    try:
        approvals.approve(operation=operation, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    else:
        messages.success(request, _("Approved. A worker goes on."))
    return go(request, reverse("operations:detail", args=[operation.pk]))


@require_POST
@require(Action.PAYMENT_APPROVE)
def decline(request: PanelRequest, pk: UUID) -> HttpResponse:
    """End what another member wants to pay."""
    operation = selectors.operation_for(request.membership, pk, Action.PAYMENT_APPROVE)
    try:
        approvals.decline(operation=operation, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    else:
        messages.success(request, _("Declined. Nothing was paid."))
    return go(request, reverse("operations:detail", args=[operation.pk]))


def _said(operation: Operation, state: State) -> str:
    if state == State.CANCELLED:
        return _("Cancelled.")
    if operation.is_final:
        return _("It had ended already.")
    return _("It stops before its next step. What is done already stays.")


def _ended() -> HttpResponse:
    return HttpResponse(status=STOP_POLLING, headers={"HX-Refresh": "true"})


def _number(request: PanelRequest, name: str) -> int:
    """Return a whole number of the address; anything else counts as zero."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0

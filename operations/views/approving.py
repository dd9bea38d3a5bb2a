"""The page of an approval, and the second person's word."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.errors import Refusal
from core.http import go
from operations import approvals, consent, pages, selectors
from operations.approval_page import approval_page
from operations.models import Operation
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action, NotAllowed
from teams.stepup import step_up


@never_cache
@require_safe
@require(Action.VIEW)
def approval(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show what is approved; who asked sees the same words. What never needed it leads to its operation."""
    operation = selectors.operation_for(request.membership, pk)
    found = approvals.request_of(operation)
    if found is None:
        return go(request, reverse("operations:detail", args=[operation.pk]))
    page = approval_page(
        found, operation, request.membership, pages.may_cancel(operation, request.membership)
    )
    return render(request, "operations/approval.html", {"page": page})


@require_POST
@require(Action.PAYMENT_APPROVE)
@step_up(lambda kwargs: f"operation.approve/{kwargs['pk']}", gettext_lazy("approve a payment"))
def approve(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Let go on what another member wants to pay, with test money."""
    return _approved(request, pk, {})


@require_POST
@require(Action.PAYMENT_APPROVE)
def approve_real(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Let go on what another member wants to pay, with real money: the passkey's word is checked by the worker."""
    operation = selectors.operation_for(request.membership, pk, Action.PAYMENT_APPROVE)
    found = approvals.request_of(operation)
    try:
        assertion = consent.read(request.POST.get("assertion", ""))
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
        return _back(request, operation)
    if found is None or not approvals.is_real(found):
        messages.error(request, _("Test money is approved without a passkey. Look at it again."))
        return _back(request, operation)
    return _approved(request, pk, assertion)


def _approved(request: PanelRequest, pk: UUID, assertion: dict[str, object]) -> HttpResponse:
    operation = selectors.operation_for(request.membership, pk, Action.PAYMENT_APPROVE)
    digest = request.POST.get("digest", "")
    try:
        approvals.approve(operation=operation, actor=request.user, digest=digest, assertion=assertion)
    except NotAllowed:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
        return _back(request, operation)
    messages.success(request, _("Approved. A worker goes on."))
    return go(request, reverse("operations:detail", args=[operation.pk]))


@require_POST
@require(Action.PAYMENT_APPROVE)
def decline(request: PanelRequest, pk: UUID) -> HttpResponse:
    """End what another member wants to pay, with a reason."""
    operation = selectors.operation_for(request.membership, pk, Action.PAYMENT_APPROVE)
    try:
        approvals.decline(operation=operation, actor=request.user, why=request.POST.get("why", ""))
    except NotAllowed:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    else:
        messages.success(request, _("Declined. %(end)s") % {"end": approvals.unmoved(operation)})
    return _back(request, operation)


def _back(request: PanelRequest, operation: Operation) -> HttpResponse:
    return go(request, reverse("operations:approval", args=[operation.pk]))

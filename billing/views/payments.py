"""One payment."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from billing import deciding, selectors, services
from billing.forms import DecideForm
from billing.pages import payments as pages
from core.forms import refusals_in
from core.http import go, safe_next
from operations import consent
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from wallets.models import Payment


@require_safe
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show one payment."""
    page = pages.payment_page(pk, request.membership)
    return render(request, "billing/payment.html", {"page": page})


@require_POST
@require(Action.TIER_SET)
def reconcile(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Look up an unknown payment on the chain."""
    payment = selectors.payment_for(request.membership, pk, Action.TIER_SET)
    if payment.state == Payment.State.UNKNOWN:
        services.reconcile_payment(payment=payment, actor=request.user)
    return go(request, safe_next(request, reverse("billing:payment", args=[payment.pk])))


@require_POST
@require(Action.WALLET_RAISE)
def decide(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Take an owner's word about a payment of unknown outcome; a passkey has to confirm it."""
    payment = selectors.payment_for(request.membership, pk, Action.WALLET_RAISE)
    form = DecideForm(request.POST)
    if form.is_valid():
        cleaned = form.cleaned_data
        paid = cleaned["outcome"] == "paid"
        with refusals_in(form):
            operation = deciding.decide(payment=payment, actor=request.user, paid=paid, note=cleaned["note"])
            return go(request, consent.url(operation))
    page = pages.payment_page(pk, request.membership, form)
    return render(request, "billing/payment.html", {"page": page})

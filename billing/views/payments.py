"""The ledger, and one payment."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from billing import deciding, selectors, services
from billing.forms import DecideForm, LedgerForm
from billing.pages import payments as pages
from core.forms import refusals_in
from core.http import go, safe_next
from operations import consent
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from wallets import gateways
from wallets.models import Payment
from wallets.selectors import wallets_of


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List the payments at the current gateway that fit the filters of the address."""
    gateway = gateways.of(request)
    form = LedgerForm(request.GET, wallets=list(wallets_of(request.membership.reach, gateway)))
    page = pages.ledger_page(request.membership.reach, gateway, form.chosen, request.GET.get("page", ""))
    return render(request, "billing/payments.html", {"page": page, "form": form})


@require_safe
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show one payment."""
    payment = selectors.payment_for(request.membership, pk)
    page = pages.payment_page(payment, request.membership)
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
    page = pages.payment_page(payment, request.membership, form)
    return render(request, "billing/payment.html", {"page": page})

"""Paying by card on a hosted page: asking for it, going there, and what became of it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing import checkouts
from billing.card_forms import BALANCE, TIER, CardForm
from billing.pages import checkouts as pages
from core.errors import Refusal
from core.forms import refusals_in
from core.http import STOP_POLLING, go, whole_number
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from wallets.models import Checkout, Wallet
from wallets.selectors import wallet_for


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.TIER_SET)
def new(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Choose what to pay for by card; a worker asks for the page."""
    wallet = wallet_for(request.membership, pk, Action.TIER_SET)
    tier = request.GET.get("tier")
    initial = {"buy": f"{TIER}{tier}" if tier else BALANCE}
    form = CardForm(request.POST or None, wallet=wallet, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            checkout = _ask(request, wallet, form)
            return go(request, reverse("billing:checkout", args=[checkout.pk]))
    sells = checkouts.sells_by_card(wallet.gateway)
    return render(request, "billing/card.html", {"wallet": wallet, "form": form, "sells": sells})


def _ask(request: PanelRequest, wallet: Wallet, form: CardForm) -> Checkout:
    if form.tier:
        return checkouts.ask_for_tier(wallet=wallet, actor=request.user, tier=form.tier)
    return checkouts.ask_for_balance(wallet=wallet, actor=request.user, micros=form.cleaned_data["amount"])


@require_safe
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show one payment by card; to HTMX, the part that changes."""
    checkout = checkouts.checkout_for(request.membership, pk)
    page = pages.checkout_page(checkout, request.membership, step=whole_number(request, "step"))
    if request.headers.get("HX-Request"):
        status = 200 if page.delay else STOP_POLLING
        return render(request, "billing/_checkout.html", {"page": page}, status=status)
    return render(request, "billing/checkout.html", {"page": page})


@require_safe
@require(Action.TIER_SET)
def leave(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Lead to the page to pay on: its address stands in no page, no log and no history of the panel."""
    checkout = checkouts.checkout_for(request.membership, pk, Action.TIER_SET)
    url = checkouts.link_of(checkout)
    if not url:
        messages.error(request, checkouts.no_link().fault.message)
        return go(request, reverse("billing:checkout", args=[checkout.pk]))
    response = HttpResponseRedirect(url)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_POST
@require(Action.TIER_SET)
def put_aside(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Have it listed no more; with `again`, ask for another page for the same at once."""
    checkout = checkouts.checkout_for(request.membership, pk, Action.TIER_SET)
    try:
        if request.POST.get("again"):
            checkout = checkouts.ask_again(checkout=checkout, actor=request.user)
        else:
            checkouts.put_aside(checkout=checkout, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    return go(request, reverse("billing:checkout", args=[checkout.pk]))

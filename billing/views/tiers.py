"""Tiers: the price list, and paying for one."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing import services
from billing.forms import TierForm
from billing.pages import checkouts
from billing.pages import tiers as pages
from core.errors import Refusal
from core.http import STOP_POLLING, go, safe_next, whole_number
from operations import consent
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from wallets import gateways
from wallets.models import Wallet
from wallets.selectors import wallet_for


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """Show the price list of the current gateway; to HTMX, the part that a fresh reading changes."""
    gateway = gateways.of(request)
    wallet = pages.chosen_wallet(request.membership.reach, gateway, request.GET.get("wallet", ""))
    step = whole_number(request, "step")
    page = pages.tiers_page(request.membership, gateway, wallet, step=step)
    if request.headers.get("HX-Request"):
        return render(
            request, "billing/_prices.html", {"page": page}, status=200 if page.delay else STOP_POLLING
        )
    unfinished = checkouts.unfinished(request.membership, gateway)
    return render(request, "billing/tiers.html", {"page": page, "unfinished": unfinished})


@require_POST
@require(Action.PROJECT_SYNC)
def refresh(request: PanelRequest) -> HttpResponse:
    """Read the price list again."""
    services.refresh_tiers(team=request.team, gateway=gateways.of(request), actor=request.user)
    return go(request, safe_next(request, reverse("billing:tiers")))


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.TIER_SET)
def confirm(request: PanelRequest, pk: UUID, tier: str) -> HttpResponse:
    """Show what would be paid; pay it when the price that was shown comes back."""
    wallet = wallet_for(request.membership, pk, Action.TIER_SET)
    asked = request.POST.get("network", "") or request.GET.get("network", "")
    page = pages.tier_page(wallet, tier, request.membership, network=asked)
    form = TierForm(request.POST or None, initial=pages.tier_context(page))
    if request.method == "POST" and form.is_valid():
        try:
            return _pay(request, wallet, tier, form)
        except Refusal as refusal:
            return _shown_again(request, page, refusal)
    return render(request, "billing/tier.html", {"page": page, "form": form})


def _pay(request: PanelRequest, wallet: Wallet, tier: str, form: TierForm) -> HttpResponse:
    """Pay, or go where a passkey lets real money go."""
    operation = services.set_tier(
        wallet=wallet,
        actor=request.user,
        tier=tier,
        shown_micros=form.cleaned_data["micros"],
        network=form.cleaned_data["network"],
    )
    if operation.awaits_consent:
        return go(request, consent.url(operation))
    return go(request, safe_next(request, reverse("billing:wallet", args=[wallet.pk])))


def _shown_again(request: PanelRequest, page: pages.TierPage, refusal: Refusal) -> HttpResponse:
    """Show the present price, never the one that came back."""
    fresh = TierForm(initial=pages.tier_context(page))
    context = {"page": page, "form": fresh, "error": refusal.fault.as_dict()}
    return render(request, "billing/tier.html", context, status=409)

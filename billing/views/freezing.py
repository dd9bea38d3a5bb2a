"""Freezing a wallet at once, asking to let it go, and keeping it frozen."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing import freezes
from billing.forms import FreezeForm
from core.errors import Refusal
from core.forms import refusals_in
from core.http import go
from operations import consent
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from wallets.models import Wallet
from wallets.selectors import wallet_for


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.WALLET_FREEZE)
def freeze(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Ask why, then freeze at once."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_FREEZE)
    form = FreezeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            freezes.freeze_wallet(wallet=wallet, actor=request.user, why=form.cleaned_data["why"])
            messages.success(request, _("%(name)s is frozen. It pays nothing now.") % {"name": wallet.label})
            return _to(request, wallet)
    return render(request, "billing/wallet_freeze.html", {"page": wallet, "form": form})


@require_POST
@require(Action.WALLET_UNFREEZE)
def unfreeze(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Lead to the page on which the person's passkey confirms it."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_UNFREEZE)
    try:
        operation = freezes.ask_to_unfreeze(wallet=wallet, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
        return _to(request, wallet)
    return go(request, consent.url(operation))


@require_POST
@require(Action.WALLET_FREEZE)
def stop(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Keep it frozen although somebody confirmed that it may go."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_FREEZE)
    try:
        freezes.stop_unfreezing(wallet=wallet, actor=request.user)
        messages.success(request, _("%(name)s stays frozen.") % {"name": wallet.label})
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    return _to(request, wallet)


def _to(request: PanelRequest, wallet: Wallet) -> HttpResponse:
    return go(request, reverse("billing:wallet", args=[wallet.pk]))

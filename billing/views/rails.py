"""Switching how a wallet pays, after a page that says what changes."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing import rails
from billing.pages.rails import switch_page
from core.errors import Refusal
from core.http import go
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from wallets.selectors import wallet_for


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.WALLET_MANAGE)
def pays(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Say what a switch changes; a worker makes it."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_MANAGE)
    if request.method == "POST":
        try:
            rails.switch(wallet=wallet, actor=request.user, rail=rails.other(wallet))
            messages.success(request, _("A worker switches the rail now."))
            return go(request, reverse("billing:wallet", args=[wallet.pk]))
        except Refusal as refusal:
            messages.error(request, refusal.fault.message)
            return go(request, reverse("billing:wallet_pays", args=[wallet.pk]))
    return render(request, "billing/wallet_pays.html", {"page": switch_page(wallet)})

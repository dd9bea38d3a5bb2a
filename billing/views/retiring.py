"""Replacing a wallet by a new one, and retiring it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing import retiring
from billing.custody_forms import ReplaceForm, RetireForm
from core.forms import refusals_in
from core.http import go
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from teams.stepup import step_up
from wallets.models import Wallet
from wallets.selectors import wallet_for


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.WALLET_RETIRE)
def replace(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Say what moves and what stays, then have a new wallet made in its place."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_RETIRE)
    suggested = _("%(name)s, new") % {"name": wallet.label[:50]}
    form = ReplaceForm(request.POST or None, initial={"label": suggested, "freeze": True})
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            new = retiring.replace(wallet=wallet, actor=request.user, **form.cleaned_data)
            messages.success(request, _("A worker makes %(name)s now.") % {"name": new.label})
            return _to(request, new)
    context = {"page": wallet, "left": retiring.left_of(wallet), "form": form}
    return render(request, "billing/wallet_replace.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.WALLET_RETIRE)
@step_up(lambda kwargs: f"wallet.retire/{kwargs['pk']}", gettext_lazy("retire a wallet"))
def retire(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Say what is left, ask for the name, then end it for good."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_RETIRE)
    form = RetireForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            retiring.retire(wallet=wallet, actor=request.user, typed=form.cleaned_data["name"])
            messages.success(
                request, _("%(name)s is retired. It signs nothing any more.") % {"name": wallet.label}
            )
            return _to(request, wallet)
    context = {"page": wallet, "left": retiring.left_of(wallet), "form": form}
    return render(request, "billing/wallet_retire.html", context)


def _to(request: PanelRequest, wallet: Wallet) -> HttpResponse:
    return go(request, reverse("billing:wallet", args=[wallet.pk]))

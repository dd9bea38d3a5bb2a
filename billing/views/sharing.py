"""Who may use a wallet: its shares, its custodians, its owner and its name."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing import shares
from billing.custody_forms import CustodianForm, NameForm, ShareForm
from billing.pages.sharing import lines_of, sharing_page
from billing.pages.wallets import may
from core.errors import Refusal
from core.forms import refusals_in
from core.http import go, safe_next
from teams.access import require
from teams.leaving import leaver_or_404
from teams.middleware import PanelRequest
from teams.permissions import Action
from teams.stepup import step_up
from wallets.models import Wallet
from wallets.selectors import wallet_for

custody = step_up(
    lambda kwargs: f"wallet.custody/{kwargs['pk']}", gettext_lazy("change who reaches and keeps a wallet")
)


@require_safe
@require(Action.VIEW)
def users(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer with the panel that names who may use the wallet."""
    wallet = wallet_for(request.membership, pk)
    may_manage = may(request.membership, wallet, Action.WALLET_MANAGE)
    context = {"wallet": wallet, "lines": lines_of(wallet), "may_manage": may_manage}
    return render(request, "billing/_users.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.WALLET_MANAGE)
def sharing(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show who may use the wallet, and share it with one more."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_MANAGE)
    page = sharing_page(wallet, request.membership)
    form = ShareForm(request.POST or None, members=page.others, team=not wallet.open_to_team)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            level, until = form.cleaned_data["level"], form.cleaned_data["until"]
            shares.share(wallet=wallet, actor=request.user, person=form.person, level=level, until=until)
            messages.success(request, _("%(name)s is shared.") % {"name": wallet.label})
            return _back(request, wallet)
    forms = {"form": form, "named": CustodianForm(members=page.able), "name": NameForm(initial=page.name)}
    return render(request, "billing/sharing.html", {"page": page, **forms})


@require_POST
@require(Action.WALLET_MANAGE)
def end_share(request: PanelRequest, pk: UUID, user_id: UUID) -> HttpResponse:
    """Take back what one person was given."""
    wallet, person = _wallet(request, pk), leaver_or_404(request.team, user_id)
    return _done(request, wallet, lambda: shares.end_share(wallet=wallet, actor=request.user, person=person))


@require_POST
@require(Action.WALLET_MANAGE)
def end_team_share(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Take back what the whole team was given."""
    wallet = _wallet(request, pk)
    return _done(request, wallet, lambda: shares.end_share(wallet=wallet, actor=request.user, person=None))


@require_POST
@require(Action.WALLET_MANAGE)
@custody
def set_open(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Open the wallet to the team, or keep it to some people."""
    wallet, is_open = _wallet(request, pk), request.POST.get("open") == "yes"
    return _done(request, wallet, lambda: shares.set_open(wallet=wallet, actor=request.user, is_open=is_open))


@require_POST
@require(Action.WALLET_MANAGE)
@custody
def name_custodian(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Let one more person keep the key."""
    wallet = _wallet(request, pk)
    form = CustodianForm(request.POST, members=sharing_page(wallet, request.membership).able)
    if not form.is_valid():
        messages.error(request, _("Choose an owner or an admin of the team."))
        return _back(request, wallet)
    return _done(
        request,
        wallet,
        lambda: shares.name_custodian(wallet=wallet, actor=request.user, person=form.person),
    )


@require_POST
@require(Action.WALLET_MANAGE)
@custody
def end_custodian(request: PanelRequest, pk: UUID, user_id: UUID) -> HttpResponse:
    """Let a person keep the key no longer."""
    wallet, person = _wallet(request, pk), leaver_or_404(request.team, user_id)
    return _done(
        request, wallet, lambda: shares.end_custodian(wallet=wallet, actor=request.user, person=person)
    )


@require_POST
@require(Action.WALLET_MANAGE)
def rename(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Give the wallet another name."""
    wallet, form = _wallet(request, pk), NameForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Type a name of at most 60 characters."))
        return _back(request, wallet)
    label = form.cleaned_data["label"]
    return _done(request, wallet, lambda: shares.rename(wallet=wallet, actor=request.user, label=label))


def _wallet(request: PanelRequest, pk: UUID) -> Wallet:
    return wallet_for(request.membership, pk, Action.WALLET_MANAGE)


def _done(request: PanelRequest, wallet: Wallet, change: Callable[[], None]) -> HttpResponse:
    """Make the change, say so or why not, and go back."""
    try:
        change()
        messages.success(request, _("Changed."))
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    return _back(request, wallet)


def _back(request: PanelRequest, wallet: Wallet) -> HttpResponse:
    """Go back to the page of the shares."""
    return go(request, safe_next(request, reverse("billing:wallet_sharing", args=[wallet.pk])))

"""Wallets: list, make, import, look at, fund, limit."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing import caps, real_money, selectors, services
from billing import limits as raising
from billing.forms import ImportForm, WalletForm
from billing.limit_forms import ChangeLimitsForm
from billing.lookalikes import lookalikes_of
from billing.pages import wallets as pages
from billing.services import SealedKey
from core.errors import Refusal
from core.forms import refusals_in
from core.http import STOP_POLLING, go, safe_next, whole_number
from core.uploads import uploads_stay_in_memory
from operations import consent
from operations.record import record_panel
from teams import qr
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action, allows
from wallets import gateways, policies
from wallets.limits import Limits, Money
from wallets.models import Gateway, SpendPolicy, Wallet
from wallets.selectors import wallet_for


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List the wallets at the current gateway."""
    page = pages.wallets_page(request.membership, gateways.of(request))
    return render(request, "billing/wallets.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.WALLET_MANAGE)
def new(request: PanelRequest) -> HttpResponse:
    """Ask for a name and limits; the worker makes the key."""
    gateway = gateways.of(request)
    form = WalletForm(request.POST or None, gateway=gateway)
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        with refusals_in(form):
            wallet = services.make_wallet(
                team=request.team,
                actor=request.user,
                gateway=gateway,
                label=cleaned["label"],
                limits=form.limits,
                rail=form.chosen_rail,
            )
            return _to(request, wallet)
    return render(request, "billing/wallet_new.html", {"page": gateway, "form": form})


@uploads_stay_in_memory
@sensitive_post_parameters("key", "password")
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.WALLET_MANAGE)
def import_(request: PanelRequest) -> HttpResponse:
    """Take a key, sealed by the form, for a gateway that is no sandbox."""
    usable = [gateway for gateway in gateways.choices() if not gateway.is_sandbox]
    form = ImportForm(request.POST or None, request.FILES or None, gateways=usable)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            return _imported(request, form, {gateway.slug: gateway for gateway in usable})
    context = {"page": gateways.of(request), "usable": usable, "form": form}
    return render(request, "billing/wallet_import.html", context)


def _imported(request: PanelRequest, form: ImportForm, usable: dict[str, Gateway]) -> HttpResponse:
    cleaned = form.cleaned_data
    wallet = services.import_wallet(
        team=request.team,
        actor=request.user,
        gateway=usable[cleaned["gateway"]],
        label=cleaned["label"],
        key=SealedKey(
            cleaned["wallet_id"], cleaned["sealed"], cleaned["claimed_address"], cleaned["in_keystore"]
        ),
        limits=form.limits,
        rail=form.chosen_rail,
    )
    if wallet.gateway != gateways.of(request):
        request.session[gateways.SESSION_KEY] = wallet.gateway_id
        messages.info(request, _("You are at %(gateway)s now.") % {"gateway": wallet.gateway.name})
    return _to(request, wallet)


@require_safe
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show one wallet."""
    page = pages.wallet_page(pk, request.membership)
    return render(request, "billing/wallet.html", {"page": page})


@require_safe
@require(Action.VIEW)
def receive(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show the address, as a code too, and the addresses that look like it."""
    wallet = wallet_for(request.membership, pk)
    if not wallet.has_key:
        return _to(request, wallet)
    context = {
        "page": wallet,
        "real_network": real_money.network_of(wallet) if real_money.is_allowed(wallet) else "",
        "lookalikes": lookalikes_of(wallet, request.membership.reach),
        "qr": qr.drawn(wallet.address, _("The address as a code")),
    }
    return render(request, "billing/wallet_receive.html", context)


@require_safe
@require(Action.VIEW)
def money(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer the part of the page that a fresh reading changes."""
    operations = selectors.wallet_operations(pk, request.membership.reach)
    wallet = wallet_for(request.membership, pk)
    fresh = pages.money_of(wallet, request.membership, operations, step=whole_number(request, "step"))
    status = 200 if fresh.delay else STOP_POLLING
    return render(request, "billing/_money.html", {"money": fresh}, status=status)


@require_POST
@require(Action.WALLET_FUND)
def faucet(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Ask the faucet for test money."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_FUND)
    try:
        services.draw_faucet(wallet=wallet, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    return _to(request, wallet)


@require_POST
@require(Action.WALLET_MANAGE)
def owner(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Make the person the wallet's owner."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_MANAGE)
    services.take_over(wallet=wallet, actor=request.user)
    messages.success(request, _("%(name)s is yours now.") % {"name": wallet.label})
    return go(request, safe_next(request, reverse("billing:wallet", args=[wallet.pk])))


@require_POST
@require(Action.PROJECT_SYNC)
def refresh(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Read balance and tier again."""
    wallet = wallet_for(request.membership, pk, Action.PROJECT_SYNC)
    if wallet.is_ready:
        services.refresh_wallet(wallet=wallet, actor=request.user)
    return _to(request, wallet)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.WALLET_MANAGE)
def limits(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Lower the limits at once, or ask to raise them: a passkey has to confirm that."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_MANAGE)
    policy = pages.policy_of(wallet)
    if policy is None:
        messages.error(request, _("This wallet has no limits yet: it is still being made."))
        return _to(request, wallet)
    may_raise = allows(request.membership.role, Action.WALLET_RAISE)
    names = caps.names_of(request.team, request.membership.reach)
    real_network = real_money.network_of(wallet)
    money: Money = "real" if real_network and request.GET.get("money") == "real" else "test"
    now = policies.stated(policy)
    if request.method == "POST" and money == "real" and request.POST.get("off"):
        return _change(request, wallet, policy, replace(now, real=None))
    form = ChangeLimitsForm(
        request.POST or None,
        now=now,
        names=names,
        may_raise=may_raise,
        money=money,
        wallet_name=wallet.label,
    )
    if request.method == "POST" and form.is_valid():
        return _change(request, wallet, policy, form.limits)
    context = {
        "page": wallet,
        "form": form,
        "may_raise": may_raise,
        "money": money,
        "real_network": real_network,
    }
    return render(request, "billing/limits.html", context)


def _change(request: PanelRequest, wallet: Wallet, policy: SpendPolicy, asked: Limits) -> HttpResponse:
    if raising.is_raise(policy, asked):
        operation = raising.raise_limits(wallet=wallet, policy=policy, actor=request.user, limits=asked)
        return go(request, consent.url(operation))
    services.lower_limits(wallet=wallet, actor=request.user, limits=asked)
    return _to(request, wallet)


def _to(request: PanelRequest, wallet: Wallet) -> HttpResponse:
    """Go to the wallet, whose page shows what is under way, or back to where the form says."""
    return go(request, safe_next(request, reverse("billing:wallet", args=[wallet.pk])))


@require_safe
@require(Action.AUDIT_VIEW)
def record(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer with what the audit record says about the wallet."""
    wallet = wallet_for(request.membership, pk, Action.AUDIT_VIEW)
    page = record_panel(request.membership, wallet.pk)
    return render(request, "operations/_record.html", {"page": page})

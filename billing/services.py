"""What the money pages ask for. Each call decides, writes its rows and puts one operation in line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import Subject, record
from billing import rails, real_money
from billing.prices import Change, Price, change_for, price_of
from core.errors import NextStep, Refusal
from core.ui.money import usd
from operations import queue
from operations.models import Operation
from operations.queue import Request
from teams.models import Scope, Team, User
from teams.permissions import Action, NotAllowed, still_allowed
from teams.services import bring_into_reach
from wallets import freezing, limiting, spending
from wallets.limits import Limits
from wallets.models import Gateway, Payment, Wallet

#: How long the faucet makes an address wait (contract: identity 4.1).
FAUCET_PAUSE = timedelta(hours=24)
CATCH_UP = "wallet.catch_up"
OUTSIDE = "wallet.outside"


#: What a person asks for; the worker decides about the networks.
NewLimits = Limits


@dataclass(frozen=True)
class SealedKey:
    """An imported key as web holds it: sealed to the worker for this wallet id, with the address its file claims.

    `in_keystore`: what is sealed is a keystore with its password.
    """

    wallet_id: UUID
    sealed: bytes
    claimed_address: str
    in_keystore: bool = False


def make_wallet(
    *, team: Team, actor: User, gateway: Gateway, label: str, limits: NewLimits, rail: str = Wallet.Rail.X402
) -> Wallet:
    """Ask the worker for a wallet with a fresh key. Raises Refusal when the name is taken, or the rail cannot be."""
    rails.require_possible(gateway, rail)
    with transaction.atomic():
        _require_free_name(team, gateway, label)
        wallet = Wallet.objects.create(
            team=team, gateway=gateway, owner=actor, label=label, origin=Wallet.Origin.MADE, rail=rail
        )
        bring_into_reach(user=actor, team=team, kind=Scope.Kind.WALLET, object_id=wallet.pk)
        title = _("Make the wallet %(name)s") % {"name": label}
        queue.submit(
            _about(wallet, "wallet.create", title, actor, args={**limits.as_args(), "rail": str(rail)})
        )
        _record("wallet.requested", wallet, actor)
    return wallet


def import_wallet(
    *,
    team: Team,
    actor: User,
    gateway: Gateway,
    label: str,
    key: SealedKey,
    limits: NewLimits,
    rail: str = Wallet.Rail.X402,
) -> Wallet:
    """Hand a sealed key to the worker. Raises Refusal for a sandbox, whose wallets are made there."""
    if gateway.is_sandbox:
        raise Refusal(
            "WALLET_NOT_FOR_SANDBOX",
            _("An imported wallet signs nothing for a sandbox. Play wallets are made here instead."),
            field="gateway",
            next_steps=[NextStep("make_wallet", _("Make a play wallet"), reverse("billing:wallet_new"))],
        )
    rails.require_possible(gateway, rail)
    with transaction.atomic():
        _require_free_name(team, gateway, label)
        wallet = Wallet.objects.create(
            rail=rail,
            id=key.wallet_id,
            team=team,
            gateway=gateway,
            owner=actor,
            label=label,
            origin=Wallet.Origin.IMPORTED,
            key_sealed=key.sealed,
        )
        bring_into_reach(user=actor, team=team, kind=Scope.Kind.WALLET, object_id=wallet.pk)
        args: dict[str, Any] = {**limits.as_args(), "claimed_address": key.claimed_address, "rail": str(rail)}
        title = _("Import the wallet %(name)s") % {"name": label}
        # One after another: each is compared with the wallets there are. A keystore takes 256 MB to open, so of
        # those one is opened at a time by all workers together.
        lane = "wallet-import/keystores" if key.in_keystore else f"wallet-import/{team.pk}"
        queue.submit(_about(wallet, "wallet.import", title, actor, args=args, lane=lane))
        _record("wallet.requested", wallet, actor)
    return wallet


def take_over(*, wallet: Wallet, actor: User) -> None:
    """Make the actor the wallet's owner: the one whom its page names. Keys and limits stay as they are.

    Raises NotAllowed: no queue asks for the right here.
    """
    if not still_allowed(actor, wallet.team, Action.WALLET_MANAGE, wallet_id=wallet.pk):
        raise NotAllowed
    with transaction.atomic():
        locked = Wallet.objects.select_for_update().get(pk=wallet.pk)
        if locked.owner_id == actor.pk:
            return
        Wallet.objects.filter(pk=locked.pk).update(owner=actor)
        _record("wallet.taken_over", locked, actor)


def lower_limits(*, wallet: Wallet, actor: User, limits: NewLimits) -> Operation:
    """Ask the worker to write lower limits; it refuses higher ones whatever is asked."""
    title = _("Lower the limits of %(name)s") % {"name": wallet.label}
    return queue.submit(_about(wallet, "wallet.limits", title, actor, args=limits.as_args(), unique=True))


def draw_faucet(*, wallet: Wallet, actor: User) -> Operation:
    """Ask the faucet for test money. Raises Refusal while it would only answer “too soon”."""
    _require_ready(wallet)
    again = faucet_again(wallet)
    if again is not None:
        hours = _("The faucet gives once in 24 hours. It can be asked again at %(time)s UTC.")
        raise Refusal("FAUCET_PAUSE", hours % {"time": again.strftime("%H:%M")})
    title = _("Ask the faucet for %(name)s") % {"name": wallet.label}
    return queue.submit(_about(wallet, "wallet.faucet", title, actor, unique=True))


def faucet_again(wallet: Wallet) -> datetime | None:
    """Return when the faucet may be asked again; None when it may now."""
    again = wallet.faucet_at + FAUCET_PAUSE if wallet.faucet_at else None
    return again if again and again > timezone.now() else None


def refresh_wallet(
    *, wallet: Wallet, actor: User | None = None, delay: timedelta = timedelta(0)
) -> Operation:
    """Read balance and tier again, once however many ask."""
    title = _("Read the balance of %(name)s") % {"name": wallet.label}
    return queue.submit(replace(_about(wallet, "wallet.balance", title, actor, unique=True), delay=delay))


def catch_up(*, wallet: Wallet) -> Operation:
    """Read what a wallet spent since the backup from which it was restored; then it pays again."""
    title = _("Read what %(name)s spent since the backup") % {"name": wallet.label}
    return queue.submit(_about(wallet, CATCH_UP, title, None, unique=True))


def look_outside(*, wallet: Wallet, delay: timedelta = timedelta(0)) -> Operation:
    """Look for payments that somebody else made with the key of this wallet."""
    title = _("Look for payments of %(name)s made elsewhere") % {"name": wallet.label}
    return queue.submit(replace(_about(wallet, OUTSIDE, title, None, unique=True), delay=delay))


def refresh_tiers(*, team: Team, gateway: Gateway, actor: User | None = None) -> Operation:
    """Read the price list again, once however many ask."""
    return queue.submit(
        Request(
            kind="gateway.tiers",
            title=_("Read the price list of %(name)s") % {"name": gateway.name},
            team=team,
            gateway=gateway,
            actor=actor,
            subject_url=reverse("billing:tiers"),
            unique_key=f"gateway.tiers/{gateway.pk}",
        )
    )


def set_tier(*, wallet: Wallet, actor: User, tier: str, shown_micros: int, network: str = "") -> Operation:
    """Pay for a tier, at most what was shown, with test money unless another network is named.

    Real money waits for the actor's passkey. Raises Refusal when the list says another price by now, or none, and
    when nobody allowed that money.
    """
    _require_ready(wallet)
    if held := freezing.active(wallet):
        raise freezing.Frozen(held)
    price = price_of(wallet.gateway, tier)
    if price is None or price.micros is None:
        raise Refusal(
            "PRICE_UNKNOWN", _("The price of this tier has not been read yet, so it cannot be paid.")
        )
    if price.micros != shown_micros:
        sentence = _(
            "The price has changed to %(price)s since you looked. Nothing was paid; look again and confirm."
        )
        raise Refusal("PRICE_CHANGED", sentence % {"price": usd(price.micros, exact=True)})
    network = network or wallet.network
    if not real_money.may_pay_on(wallet, network):
        raise limiting.off_its_rail(wallet, network)
    purpose = purpose_of(wallet, price)
    args: dict[str, int | str] = {
        "tier": price.name,
        "micros": price.micros + fee_of(wallet),
        "network": network,
        "purpose": purpose,
    }
    lane = f"wallet/{wallet.pk}"
    return queue.submit(_about(wallet, "tier.set", purpose, actor, args=args, lane=lane, unique=True))


def fee_of(wallet: Wallet) -> int:
    """Return what the network may take on top of a price, in micros: it is reserved with it."""
    return spending.MPP_FEE_MICROS if wallet.pays_by_mpp else 0


def purpose_of(wallet: Wallet, price: Price) -> str:
    """Return what the ledger will say the money was for."""
    words = {
        Change.SUBSCRIBE: _("%(tier)s tier"),
        Change.RENEW: _("%(tier)s tier, renewal"),
        Change.UPGRADE: _("%(tier)s tier, upgrade"),
        Change.DOWNGRADE: _("%(tier)s tier, downgrade"),
    }
    return words[change_for(wallet, price)] % {"tier": price.label}


def reconcile_payment(*, payment: Payment, actor: User | None = None) -> Operation:
    """Look up on the chain what became of a payment whose outcome is unknown."""
    wallet = payment.wallet
    return queue.submit(
        Request(
            kind="payment.reconcile",
            title=_("Look up the payment “%(purpose)s”") % {"purpose": payment.purpose},
            team=wallet.team,
            gateway=wallet.gateway,
            actor=actor,
            wallet=wallet,
            subject_id=payment.pk,
            subject_url=reverse("billing:payment", args=[payment.pk]),
            unique_key=f"payment.reconcile/{payment.pk}",
            args={"payment": str(payment.pk)},
        )
    )


def _require_free_name(team: Team, gateway: Gateway, label: str) -> None:
    """Two wallets of one name would be told apart by their addresses only, just where money is chosen.

    Holds the team's row, so that a double click finds the first one's wallet.
    """
    Team.objects.select_for_update().get(pk=team.pk)
    taken = Wallet.objects.filter(team=team, gateway=gateway, label__iexact=label).exclude(
        state=Wallet.State.FAILED
    )
    if taken.exists():
        raise Refusal(
            "NAME_TAKEN", _("There is a wallet of this name already. Choose another one."), field="label"
        )


def _require_ready(wallet: Wallet) -> None:
    if not wallet.is_ready:
        raise Refusal("WALLET_NOT_READY", _("This wallet is not ready yet."))


def _about(
    wallet: Wallet,
    kind: str,
    title: str,
    actor: User | None,
    *,
    args: Mapping[str, Any] | None = None,
    lane: str = "",
    unique: bool = False,
) -> Request:
    """Return a request about one wallet; a `unique` one joins an equal one that is under way."""
    return Request(
        kind=kind,
        title=title,
        team=wallet.team,
        gateway=wallet.gateway,
        actor=actor,
        wallet=wallet,
        subject_id=wallet.pk,
        subject_url=reverse("billing:wallet", args=[wallet.pk]),
        lane=lane,
        unique_key=f"{kind}/{wallet.pk}" if unique else "",
        args=args or {},
    )


def _record(action: str, wallet: Wallet, actor: User) -> None:
    record(
        action,
        team_id=wallet.team_id,
        actor=actor.actor,
        subject=Subject("wallet", str(wallet.pk), wallet.label),
        details={"origin": wallet.origin, "gateway": wallet.gateway_id},
    )

"""How often a wallet can still pay for its tier: what is low depends on what it has to pay next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import prices
from core.happenings import Happening
from core.ui.money import usd
from wallets.models import Wallet

#: How long before the end of its lease a wallet that is low is worth a word: earlier there is nothing to hurry for.
SOON = timedelta(days=7)


def left(wallet: Wallet) -> int | None:
    """Return how many renewals of its tier are covered by what the wallet and Run402 hold for it.

    Each is paid whole from one of the two. None where nothing is to be renewed, or where price or balance is not known.
    """
    micros = price_micros(wallet)
    if not micros or wallet.balance_micros is None:
        return None
    return wallet.balance_micros // micros + (wallet.prepaid_micros or 0) // micros


def price_micros(wallet: Wallet) -> int | None:
    """Return what the next renewal costs, in micros; None without an active tier, or where its price is not known."""
    price = prices.price_of(wallet.gateway, wallet.tier) if prices.has_lease(wallet) else None
    return price.micros if price else None


def is_low(wallet: Wallet) -> bool:
    """Say whether it is known that the next renewal cannot be paid."""
    return left(wallet) == 0


def is_low_soon(wallet: Wallet) -> bool:
    """Say whether the next renewal cannot be paid, and is due within a week."""
    ends = wallet.lease_expires_at
    return ends is not None and ends <= timezone.now() + SOON and is_low(wallet)


def low() -> Iterable[Happening]:
    """Yield the wallets that cannot pay a renewal due within a week: told once for each lease."""
    active = Wallet.objects.filter(
        state=Wallet.State.READY,
        tier_active=True,
        lease_expires_at__lte=timezone.now() + SOON,
        balance_micros__isnull=False,
    )
    for wallet in active.select_related("gateway")[:1000]:
        if is_low(wallet):
            yield _happening(wallet)


def _happening(wallet: Wallet) -> Happening:
    ends = wallet.lease_expires_at
    facts = {"wallet": wallet.label, "tier": wallet.tier, "price": usd(price_micros(wallet) or 0, exact=True)}
    return Happening(
        "balance.low",
        object_id=str(wallet.pk),
        occurrence=f"{ends:%Y-%m-%dT%H:%M}" if ends else "",
        title=_("%(wallet)s cannot pay its next renewal") % facts,
        text=_("The %(tier)s tier costs %(price)s. Top it up before the lease ends.") % facts,
        url=reverse("billing:wallet", args=[wallet.pk]),
        team_id=wallet.team_id,
        wallet_id=wallet.pk,
    )

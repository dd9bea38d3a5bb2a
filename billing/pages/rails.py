"""What a switch of the rail changes, before it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from billing import rails
from core.errors import Refusal
from wallets import policies
from wallets.models import Wallet


@dataclass(frozen=True)
class SwitchPage:
    """The wallet, what it would pay by and on which network; `obstacle` says why that cannot be now."""

    wallet: Wallet
    rail: str
    network: str
    obstacle: str


def switch_page(wallet: Wallet) -> SwitchPage:
    """Return the page."""
    other = rails.other(wallet)
    return SwitchPage(wallet, str(other.label), Wallet.RAIL_NETWORKS[other][0], _obstacle(wallet, other))


def _obstacle(wallet: Wallet, rail: Wallet.Rail) -> str:
    policy = getattr(wallet, "policy", None)
    try:
        rails.require_possible(wallet.gateway, rail)
        if policy is not None and policies.stated(policy).real:
            raise rails.real_money(wallet)
        rails.refuse_if_open(wallet)
    except Refusal as refusal:
        return refusal.fault.message
    return ""

"""The money panel: balances as they were read, and fresh ones when that was more than a minute ago."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from billing.services import refresh_wallet
from home.account import WalletNow
from home.page import Money
from operations.models import ACTIVE
from operations.selectors import operations_of
from teams.reach import Reach
from wallets import standing
from wallets.models import Gateway

STALE_AFTER = timedelta(seconds=60)
MOST_WALLETS = 3
FIRST_MS, NEXT_MS, MOST_POLLS = 50, 700, 20


def money(
    wallets: Sequence[WalletNow], gateway: Gateway, *, asked: int = 0, delay: int | None = None
) -> Money:
    """Return the panel after it asked that often. Without `delay` it asks again when it shows a stale balance."""
    ready = [now for now in wallets if now.wallet.is_ready]
    shown = tuple(ready[:MOST_WALLETS])
    if delay is None:
        delay = FIRST_MS if any(is_stale(now) for now in shown) else 0
    url = f"{reverse('home:balances')}?asked={asked + 1}"
    return Money(shown, len(ready) - len(shown), gateway.networks[0], url, delay)


def is_stale(now: WalletNow) -> bool:
    """Say whether the balance is older than a minute, or was never read."""
    return now.wallet.balance_at is None or now.wallet.balance_at < timezone.now() - STALE_AFTER


def refresh_stale(wallets: Sequence[WalletNow]) -> None:
    """Have workers read the stale balances that the panel shows, each once however many ask."""
    for now in [now for now in wallets if now.wallet.is_ready][:MOST_WALLETS]:
        if is_stale(now) and standing.takes_background(now.wallet.gateway):
            refresh_wallet(wallet=now.wallet)


def is_reading(reach: Reach, gateway: Gateway) -> bool:
    """Say whether a balance within reach is being read."""
    readings = operations_of(reach).filter(gateway=gateway, kind="wallet.balance", state__in=ACTIVE)
    return readings.exists()

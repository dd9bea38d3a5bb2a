"""Which balances and leases are read again while nobody looks."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from billing.services import CATCH_UP, catch_up, refresh_wallet
from operations.background import spread, tried_within, vary
from wallets import halts
from wallets.models import Gateway, Wallet

HOURLY = timedelta(hours=1)
AGAIN = timedelta(minutes=2)


def plan_wallets(gateway: Gateway, most: int) -> int:
    """Have the oldest balances and leases read that are more than an hour old; return how many."""
    old = timezone.now() - vary(HOURLY)
    stale = Q(balance_at=None) | Q(balance_at__lt=old)
    due = Wallet.objects.filter(stale, gateway=gateway, state=Wallet.State.READY)
    due = due.exclude(team__in=halts.stopped_teams())
    due = due.exclude(pk__in=tried_within("wallet.balance", vary(HOURLY))).select_related("team", "gateway")
    found = due.order_by("balance_at")[:most]
    return len([refresh_wallet(wallet=wallet, delay=spread()) for wallet in found])


def plan_frozen(gateway: Gateway, most: int) -> int:
    """Have wallets catch up that came out of a backup; one that could not is tried again after a while."""
    frozen = Wallet.objects.filter(gateway=gateway, state=Wallet.State.READY, frozen_at__isnull=False)
    due = frozen.exclude(pk__in=tried_within(CATCH_UP, AGAIN)).select_related("team", "gateway")
    return len([catch_up(wallet=wallet) for wallet in due.order_by("frozen_at", "pk")[:most]])

"""Which balances and leases are read again while nobody looks, and which payments are followed to their end."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from audit.record import SYSTEM
from billing.services import CATCH_UP, OUTSIDE, catch_up, look_outside, reconcile_payment, refresh_wallet
from core.errors import Refusal
from core.registry import reservation_keepers
from operations.background import spread, tried_within, vary
from operations.models import ACTIVE, Operation
from wallets import closing, halts
from wallets.models import Gateway, Payment, Wallet

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


def plan_outside(gateway: Gateway, most: int) -> int:
    """Look hourly for payments that were made elsewhere with the keys kept here; return for how many wallets."""
    old = timezone.now() - vary(HOURLY)
    unread = Q(outside_read_at=None) | Q(outside_read_at__lt=old)
    due = Wallet.objects.filter(unread, gateway=gateway, frozen_at=None)
    due = due.filter(state__in=[Wallet.State.READY, Wallet.State.RETIRED])
    due = due.exclude(team__in=halts.stopped_teams())
    due = due.exclude(pk__in=tried_within(OUTSIDE, vary(HOURLY))).select_related("team", "gateway")
    found = due.order_by("outside_read_at")[:most]
    return len([look_outside(wallet=wallet, delay=spread()) for wallet in found])


def plan_frozen(gateway: Gateway, most: int) -> int:
    """Have wallets catch up that came out of a backup; one that could not is tried again after a while."""
    frozen = Wallet.objects.filter(gateway=gateway, state=Wallet.State.READY, frozen_at__isnull=False)
    due = frozen.exclude(pk__in=tried_within(CATCH_UP, AGAIN)).select_related("team", "gateway")
    return len([catch_up(wallet=wallet) for wallet in due.order_by("frozen_at", "pk")[:most]])


def close_orphans(gateway: Gateway, most: int) -> int:
    """End what operations left open that have ended; return how many look-ups that needs.

    Every kind does so itself when it ends. This is for the one whose process, or whose own code, did not get there.
    What runs on at Run402 keeps its reservation (`reservation_keepers`).
    """
    over = Operation.objects.filter(pk=OuterRef("operation_id")).exclude(state__in=ACTIVE)
    left = Payment.objects.filter(Exists(over), wallet__gateway=gateway).select_related(
        "wallet__team", "wallet__gateway"
    )
    reserved = left.filter(state=Payment.State.RESERVED)
    for keeper in reservation_keepers:
        reserved = reserved.exclude(operation_id__in=keeper())
    for payment in reserved[:most]:
        with contextlib.suppress(Refusal):  # somebody ended it meanwhile
            closing.release(payment, actor=SYSTEM)
    looked_up = tried_within("payment.reconcile", vary(HOURLY))
    signed = left.filter(state__in=[Payment.State.SIGNED, Payment.State.UNKNOWN]).exclude(pk__in=looked_up)
    return len([reconcile_payment(payment=payment) for payment in signed[:most]])

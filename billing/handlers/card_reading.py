"""Telling by tier, balance and ledger whether a link was paid: the contract has no call that says so (identity 4.3).

How Run402's ledger shows a paid link is UNKNOWN beyond the kind `stripe_topup`. What names the `topup_id` is believed
first; else a line of the same sum by a card; else the lease or the balance themselves, then without a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import run402
from run402 import reading
from run402.errors import NotFound
from run402.resources.billing import Entry, LedgerIncomplete
from run402.resources.tiers import TierStatus
from wallets.cards import PAID_BY, Paid
from wallets.models import Checkout, Payment

#: Clocks differ.
OVERLAP = timedelta(minutes=10)


def paid(client: run402.Client, checkout: Checkout, status: TierStatus | None) -> Paid | None:
    """Return what Run402 tells of the payment; None while it shows none."""
    entries = _entries(client, checkout)
    line = _line_of(checkout, entries or ())
    if line:
        return Paid(line.micros, line.id, line.created_at)
    if checkout.product == Checkout.Product.TIER:
        return _by_lease(checkout, status, entries or ())
    grown = (checkout.wallet.prepaid_micros or 0) - int(checkout.before.get("prepaid_micros") or 0)
    filled = checkout.amount_micros is not None and grown >= checkout.amount_micros
    return Paid(checkout.amount_micros) if entries is None and filled else None


def _entries(client: run402.Client, checkout: Checkout) -> Sequence[Entry] | None:
    """Return the ledger since the link was asked for; None where it cannot be read so far back."""
    try:
        return client.billing.history_since(checkout.created_at - OVERLAP)
    except (NotFound, LedgerIncomplete):
        return None


def _line_of(checkout: Checkout, entries: Sequence[Entry]) -> Entry | None:
    """Return the credit that names this checkout, else one by card of its sum that no other checkout has."""
    credits_ = [entry for entry in entries if entry.direction == "credit" and entry.micros > 0]
    named = next(
        (entry for entry in credits_ if checkout.topup_id and _names(entry, checkout.topup_id)), None
    )
    if named or checkout.amount_micros is None:
        return named
    others = list(Checkout.objects.filter(wallet=checkout.wallet_id).exclude(pk=checkout.pk))
    alike = [entry for entry in credits_ if _is_alike(entry, checkout)]
    free = (entry for entry in reversed(alike) if not any(_is_of(entry, other) for other in others))
    return next(free, None)


def _is_alike(entry: Entry, checkout: Checkout) -> bool:
    by_card = "stripe" in entry.kind.lower()
    return by_card and entry.micros == checkout.amount_micros and _is_after(entry, checkout)


def _is_of(entry: Entry, other: Checkout) -> bool:
    return entry.id == other.entry_id or bool(other.topup_id and _names(entry, other.topup_id))


def _names(entry: Entry, topup_id: str) -> bool:
    told = reading.mapping(entry.raw, "metadata")
    return topup_id in (entry.id, entry.reference_id, reading.text(told, "topup_id"))


def _is_after(entry: Entry, checkout: Checkout) -> bool:
    return entry.created_at is not None and entry.created_at >= checkout.created_at


def _by_lease(checkout: Checkout, status: TierStatus | None, entries: Sequence[Entry]) -> Paid | None:
    """Return that the lease became what the link pays for, unless the wallet itself paid for that meanwhile."""
    if status is None or not _has_moved(checkout, status) or _wallet_paid(checkout):
        return None
    debit = next((one for one in reversed(entries) if _is_price(one, checkout)), None)
    return Paid(debit.micros, debit.id, debit.created_at) if debit else Paid()


def _is_price(entry: Entry, checkout: Checkout) -> bool:
    return entry.is_debit and entry.micros == checkout.amount_micros and _is_after(entry, checkout)


def _has_moved(checkout: Checkout, status: TierStatus) -> bool:
    if not status.active or status.tier != checkout.tier:
        return False
    before = reading.moment(checkout.before, "lease_expires_at")
    if checkout.before.get("tier") != checkout.tier:
        return True
    return (status.lease_expires_at or datetime.min.replace(tzinfo=UTC)) > (
        before or datetime.max.replace(tzinfo=UTC)
    )


def _wallet_paid(checkout: Checkout) -> bool:
    """Say whether another payment, or one that may still settle, explains a new lease."""
    since = checkout.created_at - OVERLAP
    others = Payment.objects.filter(
        wallet=checkout.wallet_id, cost=Payment.Cost.TIER, state__in=Payment.COUNTING
    )
    return (
        others.filter(reserved_at__gte=since).exclude(paid_by=PAID_BY).exists()
        or Checkout.objects.filter(
            wallet=checkout.wallet_id,
            tier=checkout.tier,
            state=Checkout.State.PAID,
            ended_at__gte=checkout.created_at,
        )
        .exclude(pk=checkout.pk)
        .exists()
    )

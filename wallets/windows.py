"""How much of each limit is used: sums over the ledger, in windows that end now.

Now is the database's time, and never earlier than the wallet's latest payment: a clock that goes back frees nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Max, Q, Sum, Value
from django.db.models.functions import Coalesce, Greatest, Now

from wallets.limits import KIND, LONGEST, MEMBER, NETWORKS, PROJECT, WALLET, WINDOWS, Cap, Limits, Money
from wallets.models import Payment, Wallet


@dataclass(frozen=True)
class Spend:
    """What the caps of a single member, project or kind ask about a payment."""

    money: Money
    cost: str
    actor_id: UUID | None = None
    project_id: UUID | None = None

    def concerns(self, cap: Cap) -> bool:
        """Say whether the cap counts such a payment."""
        keys = {WALLET: "", KIND: self.cost, MEMBER: str(self.actor_id), PROJECT: str(self.project_id)}
        return cap.money == self.money and keys.get(cap.about) == cap.key


def database_time(wallet: Wallet) -> datetime:
    """Return what time it is for the database."""
    return Wallet.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=wallet.pk)


def now_for(wallet: Wallet) -> datetime:
    """Return the time at which a payment of the wallet is reserved: now, but never before the latest one."""
    latest = Payment.objects.filter(wallet=wallet).aggregate(latest=Max("reserved_at"))["latest"]
    now = database_time(wallet)
    return max(now, latest) if latest else now


def used(wallet: Wallet, caps: Iterable[Cap], at: datetime) -> Mapping[Cap, int]:
    """Return what reserved, signed, settled and unknown payments use of each cap, in one query."""
    wanted = tuple(caps)
    sums = sums_of(wanted, at)
    recent = Payment.objects.filter(wallet=wallet, reserved_at__gt=at - LONGEST)
    return by_cap(wanted, recent.order_by().aggregate(**sums) if sums else {})


def sums_of(caps: Sequence[Cap], at: datetime) -> dict[str, Sum]:
    """Return what to add up over a wallet's payments, for `by_cap`.

    Each payment stands alone before a cap on a single one, which is never used.
    """
    return {
        f"cap_{number}": Sum(charged(), filter=_counted(cap, at), default=0)
        for number, cap in enumerate(caps)
        if cap.window != "payment"
    }


def charged() -> Greatest:
    """Return what a payment counts: what was charged in the end, all of it while that is not known."""
    return Greatest(Coalesce(F("settled_micros"), F("amount_micros")), Value(0))


def by_cap(caps: Sequence[Cap], found: Mapping[str, int]) -> Mapping[Cap, int]:
    """Return the sums of `sums_of` by the cap that each belongs to."""
    return {cap: found.get(f"cap_{number}", 0) for number, cap in enumerate(caps)}


def _counted(cap: Cap, at: datetime) -> Q:
    """Return which payments of the wallet a cap counts."""
    networks = NETWORKS["real" if cap.money == "real" else "test"]
    counted = Q(reserved_at__gt=at - WINDOWS[cap.window], network__in=networks, state__in=Payment.COUNTING)
    fields = {KIND: "cost", MEMBER: "actor_id", PROJECT: "project_id"}
    return counted & Q(**{fields[cap.about]: cap.key}) if cap.about in fields else counted


def left_for(wallet: Wallet, limits: Limits, spend: Spend, at: datetime) -> Mapping[Cap, int]:
    """Return what each cap that concerns such a payment leaves, those of the whole wallet first; never below zero."""
    caps = [cap for cap in limits.caps_of(spend.money) if spend.concerns(cap)]
    return {cap: max(cap.micros - spent, 0) for cap, spent in used(wallet, caps, at).items()}


def exceeded(left: Mapping[Cap, int], micros: int) -> Cap | None:
    """Return the first cap that a payment would exceed; None when all allow it."""
    return next((cap for cap, most in left.items() if micros > most), None)

"""What a person's card paid on a hosted page: where checkouts are moved, and how a paid one enters the ledger.

The card is the person's, not the wallet's: nothing is signed or reserved here, and no cap of the wallet counts it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import SYSTEM, Actor, Subject, record
from wallets.models import Checkout, Payment, Wallet
from wallets.models.gateway import CARD, PLAY_CARD

PAID_BY = "card"
#: What says of no line which link it pays is believed for one link in so long.
BESIDE = timedelta(minutes=2)
_NAMES = uuid.UUID("0a1d8f7c-3a0e-4c55-9a55-1f5d0c2b7e94")


@dataclass(frozen=True)
class Paid:
    """What Run402 tells of a paid checkout. `micros` is None where it does not tell the sum."""

    micros: int | None = None
    entry_id: str = ""
    at: datetime | None = None


def network_of(wallet: Wallet) -> str:
    """Return what stands in place of a network for a card: real money, except at a sandbox."""
    return PLAY_CARD if wallet.is_play else CARD


def have_filled(wallet: Wallet) -> bool:
    """Say whether a card has paid for the wallet: the balance that Run402 keeps for it may hold real dollars since.

    Where a tier was paid, its credit goes there when the tier changes. A sandbox's cards are none.
    """
    return not wallet.is_play and Checkout.objects.filter(wallet=wallet, state=Checkout.State.PAID).exists()


def purpose_of(checkout: Checkout) -> str:
    """Return what the card pays for."""
    if checkout.product == Checkout.Product.TIER:
        return _("%(tier)s tier, by card") % {"tier": checkout.tier.replace("_", " ").capitalize()}
    return _("Prepaid balance, by card")


def move(checkout: Checkout, to: Checkout.State, **fields: Any) -> bool:
    """Move it by conditional UPDATE; False when it is in a state from which that cannot be."""
    allowed = [state for state, targets in Checkout.MOVES.items() if to in targets]
    these = Checkout.objects.filter(pk=checkout.pk, state__in=allowed)
    changed = these.update(state=to, **fields)
    checkout.refresh_from_db()
    return changed == 1


def open_(checkout: Checkout, **fields: Any) -> bool:
    """Note that there is a link, and until when it can be paid."""
    with transaction.atomic():
        opened = move(checkout, Checkout.State.OPEN, **fields)
        if opened:
            _audit("checkout.opened", checkout, SYSTEM)
    return opened


def end(checkout: Checkout, to: Checkout.State, *, actor: Actor = SYSTEM, **fields: Any) -> bool:
    """End it without a payment, and record so."""
    with transaction.atomic():
        ended = move(checkout, to, ended_at=timezone.now(), **fields)
        if ended:
            _audit(f"checkout.{to}", checkout, actor)
    return ended


def pay(checkout: Checkout, paid: Paid, *, actor_id: UUID | None) -> bool:
    """Note that it was paid, once; enter it into the ledger where Run402 tells the sum."""
    with transaction.atomic():
        Wallet.objects.select_for_update().get(
            pk=checkout.wallet_id
        )  # two links may be looked at side by side
        if _is_taken(checkout, paid):
            return False
        if not move(checkout, Checkout.State.PAID, ended_at=timezone.now(), **_told(paid)):
            return False
        if paid.micros is not None:
            payment = _entered(checkout, paid.micros, _within(checkout, paid.at), actor_id)
            Checkout.objects.filter(pk=checkout.pk).update(payment_id=payment.pk)
            checkout.refresh_from_db()
        _audit("checkout.paid", checkout, SYSTEM)
    return True


def _is_taken(checkout: Checkout, paid: Paid) -> bool:
    """Say whether another link of the wallet has this line of Run402's ledger, or was paid while this was read."""
    others = Checkout.objects.filter(wallet=checkout.wallet_id, state=Checkout.State.PAID).exclude(
        pk=checkout.pk
    )
    if paid.entry_id:
        return others.filter(entry_id=paid.entry_id[:120]).exists()
    return others.filter(ended_at__gte=timezone.now() - BESIDE).exists()


def _told(paid: Paid) -> dict[str, Any]:
    return {"paid_micros": paid.micros, "entry_id": paid.entry_id[:120]}


def _within(checkout: Checkout, at: datetime | None) -> datetime:
    """Return when it was paid, as the gateway says; its clock may be wrong, so not before the wish and not later."""
    now = timezone.now()
    return min(max(at, checkout.created_at), now) if at else now


def _entered(checkout: Checkout, micros: int, at: datetime, actor_id: UUID | None) -> Payment:
    key = uuid.uuid5(_NAMES, str(checkout.pk))
    is_tier = checkout.product == Checkout.Product.TIER
    return Payment.objects.create(
        pk=key,
        team_id=checkout.team_id,
        wallet_id=checkout.wallet_id,
        operation_id=checkout.operation_id or key,
        kind="checkout.create",
        purpose=purpose_of(checkout)[:200],
        cost=Payment.Cost.TIER if is_tier else Payment.Cost.OTHER,
        actor_id=actor_id,
        state=Payment.State.SETTLED,
        amount_micros=micros,
        settled_micros=micros,
        network=network_of(checkout.wallet),
        paid_by=PAID_BY,
        receipt={"topup_id": checkout.topup_id} if checkout.topup_id else {},
        reserved_at=at,
        ended_at=at,
    )


def _audit(action: str, checkout: Checkout, actor: Actor) -> None:
    details: dict[str, Any] = {"wallet": str(checkout.wallet_id), "product": checkout.product}
    if checkout.paid_micros is not None:
        details |= {"amount_micros": checkout.paid_micros, "network": network_of(checkout.wallet)}
    if checkout.operation_id:
        details["operation"] = str(checkout.operation_id)
    subject = Subject("checkout", str(checkout.pk), purpose_of(checkout))
    record(action, team_id=checkout.team_id, actor=actor, subject=subject, details=details)

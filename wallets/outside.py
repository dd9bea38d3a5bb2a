"""What left a wallet while nobody here knew of it, entered into the ledger as spent (after a restore).

freeze (restoring) ──▶ enter each transfer that the chain shows ──▶ thaw
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from audit.record import SYSTEM, Subject, record
from run402.resources.transfers import Sent
from run402.x402 import USDC
from wallets.models import Payment, Wallet

KIND = "outside"
_NAMES = uuid.UUID("5f0f3ad2-3f5c-4b0e-9b61-6e0f3a5e4d77")


@dataclass(frozen=True)
class Unfinished:
    """An operation that may have paid after the backup was made, and nothing in the ledger says so."""

    id: UUID
    kind: str
    purpose: str
    micros: int
    cost: str = Payment.Cost.OTHER


def enter(wallet: Wallet, network: str, sent: Sent, unfinished: Iterable[Unfinished] = ()) -> Payment | None:
    """Enter one transfer; None when the ledger has it already.

    One that left by a signed authorization pays, if it can, for what was under way when the backup was made: so that
    when that goes on, it finds itself paid. Whatever is left was paid “outside”. Either counts against the limits.
    """
    with transaction.atomic():
        Wallet.objects.select_for_update().get(pk=wallet.pk)
        if _known(wallet, network, sent):
            return None
        payment = _reserved(wallet, network, sent) or _begun(wallet, network, sent, unfinished)
        payment = payment or _outside(wallet, network, sent)
        return _settled(payment, network, sent)


def thaw(wallet: Wallet, *, entered: int) -> bool:
    """Let the wallet pay again, unless it was frozen anew meanwhile; say whether it does."""
    with transaction.atomic():
        same = Wallet.objects.filter(pk=wallet.pk, frozen_at=wallet.frozen_at)
        if not same.update(frozen_at=None, unread_from=None):
            return False
        subject = Subject("wallet", str(wallet.pk), wallet.label)
        details = {"payments": entered}
        record("wallet.caught_up", team_id=wallet.team_id, actor=SYSTEM, subject=subject, details=details)
    return True


def _known(wallet: Wallet, network: str, sent: Sent) -> bool:
    """Say whether the ledger has it: under its nonce, or because it was entered before."""
    ours = Payment.objects.filter(wallet=wallet, network=network)
    if sent.nonce and ours.filter(nonce=sent.nonce).exists():
        return True
    return Payment.objects.filter(pk=_id(network, sent)).exists()


def _reserved(wallet: Wallet, network: str, sent: Sent) -> Payment | None:
    """Return the reservation without a signature that this very likely became: the smallest that covers it."""
    if not sent.nonce:
        return None
    open_ones = Payment.objects.select_for_update().filter(
        wallet=wallet, network=network, state=Payment.State.RESERVED, nonce="", amount_micros__gte=sent.micros
    )
    return open_ones.order_by("amount_micros", "reserved_at").first()


def _begun(wallet: Wallet, network: str, sent: Sent, unfinished: Iterable[Unfinished]) -> Payment | None:
    """Return a new payment of an unfinished operation that had not reserved anything yet."""
    able = [one for one in unfinished if sent.nonce and one.micros >= sent.micros]
    for one in sorted(able, key=lambda one: one.micros):
        if not Payment.objects.filter(operation_id=one.id).exists():
            return _new(wallet, network, sent, one.id, one.kind, one.purpose, one.cost)
    return None


def _outside(wallet: Wallet, network: str, sent: Sent) -> Payment:
    purpose = _("Left the wallet after the backup that was restored")
    return _new(wallet, network, sent, _id(network, sent), KIND, purpose)


def _new(
    wallet: Wallet,
    network: str,
    sent: Sent,
    operation_id: UUID,
    kind: str,
    purpose: str,
    cost: str = Payment.Cost.OTHER,
) -> Payment:
    return Payment.objects.create(
        pk=_id(network, sent),
        team_id=wallet.team_id,
        wallet=wallet,
        operation_id=operation_id,
        kind=kind,
        purpose=purpose[:200],
        cost=cost,
        amount_micros=sent.micros,
        network=network,
    )


def _settled(payment: Payment, network: str, sent: Sent) -> Payment:
    """Close it as the chain shows it, counted on the day on which the money left."""
    at = datetime.fromtimestamp(sent.at, tz=UTC)
    fields = {
        "state": Payment.State.SETTLED,
        "settled_micros": sent.micros,
        "paid_by": "x402" if sent.nonce else "",
        "nonce": sent.nonce,
        "asset": USDC[network].address,
        "payee": sent.recipient,
        "transaction": sent.transaction,
        "reserved_at": at,
        "ended_at": at,
    }
    Payment.objects.filter(pk=payment.pk).update(**fields)
    payment.refresh_from_db()
    details = {
        "amount_micros": sent.micros,
        "network": network,
        "wallet": str(payment.wallet_id),
        "transaction": sent.transaction,
    }
    subject = Subject("payment", str(payment.pk), payment.purpose)
    record("payment.found", team_id=payment.team_id, actor=SYSTEM, subject=subject, details=details)
    return payment


def _id(network: str, sent: Sent) -> UUID:
    return uuid.uuid5(_NAMES, f"{network}/{sent.transaction}/{sent.index}")

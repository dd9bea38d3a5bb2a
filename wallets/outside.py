"""What left a wallet while nobody here knew of it, entered into the ledger as spent.

After a restore:  freeze (restoring) ──▶ enter each transfer that the chain shows ──▶ thaw
In daily work:    find each transfer of the chain and each debit of Run402's own ledger that the panel did not make:
                  somebody else holds the key.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from audit.record import SYSTEM, Subject, record
from run402.resources.transfers import Sent
from run402.x402 import USDC
from wallets.models import Payment, Wallet

KIND = "outside"
#: A debit of Run402's ledger and the payment it is of are told within so long of each other.
CLOSE = timedelta(minutes=10)
LATE = timedelta(days=1)
_NAMES = uuid.UUID("5f0f3ad2-3f5c-4b0e-9b61-6e0f3a5e4d77")


@dataclass(frozen=True)
class Unfinished:
    """An operation that may have paid after the backup was made, and nothing in the ledger says so.

    `micros` is the most that it may cost. `network`: whose limits count what Run402's balance paid for it; empty, those
    of the wallet's own.
    """

    id: UUID
    kind: str
    purpose: str
    micros: int
    cost: str = Payment.Cost.OTHER
    network: str = ""


@dataclass(frozen=True)
class Debit:
    """A line of Run402's ledger by which the prepaid balance became less, in micros."""

    id: str
    micros: int
    at: datetime


def enter(wallet: Wallet, network: str, sent: Sent, unfinished: Iterable[Unfinished] = ()) -> Payment | None:
    """Enter one transfer; None when the ledger has it already.

    One that left by a signed authorization pays, if it can, for what was under way when the backup was made: so that
    when that goes on, it finds itself paid. Whatever is left was paid “outside”. Either counts against the limits.
    """
    with transaction.atomic():
        Wallet.objects.select_for_update().get(pk=wallet.pk)
        if _known(wallet, network, sent):
            return None
        # A run is charged to Run402's balance, never by a transfer.
        able = [one for one in unfinished if sent.nonce and one.cost != Payment.Cost.JOB]
        payment = _reserved(wallet, network, sent)
        payment = payment or _begun(
            wallet, sent.micros, _id(network, sent), [replace(one, network=network) for one in able]
        )
        payment = payment or _outside(wallet, network, sent)
        return _settled(payment, network, sent)


def find(wallet: Wallet, network: str, sent: Sent) -> Payment | None:
    """Enter a transfer that was made elsewhere; None when it is one of the panel's own, or was entered before.

    The panel commits a payment's nonce before it leaves, so whatever has none of them was signed by somebody else.
    """
    with transaction.atomic():
        Wallet.objects.select_for_update().get(pk=wallet.pk)
        if _known(wallet, network, sent):
            return None
        payment = _new(wallet, _id(network, sent), network, sent.micros, _elsewhere())
        return _settled(payment, network, sent)


def debits_elsewhere(wallet: Wallet, debits: Iterable[Debit]) -> list[Debit]:
    """Return the debits of Run402's ledger that no payment of the panel explains.

    That ledger does not name what it was asked by: amount and time have to do, and each payment explains one debit.
    A run is charged before its end is read here, long before after a restore: what its reservation covers is left
    to another look, when it has its end (`has_open_job`).
    """
    entered = set(Payment.objects.filter(wallet=wallet, kind=KIND).values_list("pk", flat=True))
    # Whether Run402's ledger lists what x402 paid as well is not known, so a transfer explains a debit too.
    settled = Payment.objects.filter(wallet=wallet, state=Payment.State.SETTLED)
    # A card that filled the balance explains none: that is no debit.
    filled = Q(paid_by="card") & ~Q(cost=Payment.Cost.TIER)
    ours = list(settled.exclude(kind=KIND, paid_by="balance").exclude(filled))
    running = list(_open_jobs(wallet).order_by("amount_micros", "reserved_at"))
    found = []
    for debit in sorted(debits, key=lambda debit: debit.at):
        if _debit_id(wallet, debit) in entered:
            continue
        if explains := next((payment for payment in ours if _is_of(payment, debit)), None):
            ours.remove(explains)
        elif may_be := next((payment for payment in running if _may_be_of(payment, debit)), None):
            running.remove(may_be)
        else:
            found.append(debit)
    return found


def has_open_job(wallet: Wallet) -> bool:
    """Say whether a run has no end yet, which may be what a debit is of."""
    return _open_jobs(wallet).exists()


def _open_jobs(wallet: Wallet) -> QuerySet[Payment]:
    return Payment.objects.filter(wallet=wallet, cost=Payment.Cost.JOB, state=Payment.State.RESERVED)


def awaits_end(wallet: Wallet, before: datetime) -> bool:
    """Say whether a payment of the panel that began before has no end yet: then a debit may be its own."""
    open_ones = [Payment.State.RESERVED, Payment.State.SIGNED, Payment.State.UNKNOWN]
    begun = Payment.objects.filter(wallet=wallet, state__in=open_ones, reserved_at__lt=before)
    # A long run must not keep anybody from noticing what else leaves the balance.
    long = Q(cost=Payment.Cost.JOB, state=Payment.State.RESERVED, reserved_at__lt=before - LATE)
    return begun.exclude(long).exists()


def find_debit(
    wallet: Wallet, network: str, debit: Debit, unfinished: Iterable[Unfinished] = ()
) -> Payment | None:
    """Enter a debit of the prepaid balance that was made elsewhere; None when it was entered before.

    After a restore it pays, if it can, for what was under way when the backup was made.
    """
    key = _debit_id(wallet, debit)
    with transaction.atomic():
        Wallet.objects.select_for_update().get(pk=wallet.pk)
        if Payment.objects.filter(pk=key).exists():
            return None
        named = [replace(one, network=one.network or network) for one in unfinished]
        payment = _begun(wallet, debit.micros, key, named)
        payment = payment or _new(wallet, key, network, debit.micros, _elsewhere())
        return _closed(payment, debit.at, paid_by="balance", settled_micros=debit.micros)


def _is_of(payment: Payment, debit: Debit) -> bool:
    """A job is settled by its cost when its end is read, which may be days after Run402 took it: after a restore."""
    ended = payment.ended_at or payment.reserved_at
    paid = payment.amount_micros if payment.settled_micros is None else payment.settled_micros
    if paid != debit.micros:
        return False
    if payment.cost == Payment.Cost.JOB:
        return payment.reserved_at - CLOSE <= debit.at <= ended + LATE
    return abs(ended - debit.at) <= CLOSE


def _may_be_of(job: Payment, debit: Debit) -> bool:
    return debit.micros <= job.amount_micros and debit.at >= job.reserved_at - CLOSE


def _elsewhere() -> str:
    return _("Paid elsewhere: somebody else holds the key of this wallet")


def _debit_id(wallet: Wallet, debit: Debit) -> UUID:
    return uuid.uuid5(_NAMES, f"{wallet.gateway_id}/{debit.id}")


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


def _begun(wallet: Wallet, micros: int, key: UUID, unfinished: Iterable[Unfinished]) -> Payment | None:
    """Return a new payment of an unfinished operation that had not reserved anything yet.

    It holds the most that it may cost, as the operation reserves it: when that goes on, it finds its own.
    """
    able = [one for one in unfinished if one.micros >= micros]
    for one in sorted(able, key=lambda one: one.micros):
        if not Payment.objects.filter(operation_id=one.id).exists():
            fields = {"pk": key, "kind": one.kind, "cost": one.cost}
            return _new(wallet, one.id, one.network, one.micros, one.purpose, **fields)
    return None


def _outside(wallet: Wallet, network: str, sent: Sent) -> Payment:
    purpose = _("Left the wallet after the backup that was restored")
    return _new(wallet, _id(network, sent), network, sent.micros, purpose)


def _new(
    wallet: Wallet, operation_id: UUID, network: str, micros: int, purpose: str, **fields: Any
) -> Payment:
    """Return a new row. One that was paid outside has no operation: its own key stands in."""
    return Payment.objects.create(
        **{"pk": operation_id, "kind": KIND, "cost": Payment.Cost.OTHER, **fields},
        team_id=wallet.team_id,
        wallet=wallet,
        operation_id=operation_id,
        purpose=purpose[:200],
        amount_micros=micros,
        network=network,
    )


def _settled(payment: Payment, network: str, sent: Sent) -> Payment:
    """Close it as the chain shows it, counted on the day on which the money left."""
    return _closed(
        payment,
        datetime.fromtimestamp(sent.at, tz=UTC),
        settled_micros=sent.micros,
        paid_by="x402" if sent.nonce else "",
        nonce=sent.nonce,
        asset=USDC[network].address,
        payee=sent.recipient,
        transaction=sent.transaction,
    )


def _closed(payment: Payment, at: datetime, **fields: Any) -> Payment:
    closed = {"state": Payment.State.SETTLED, "reserved_at": at, "ended_at": at, **fields}
    Payment.objects.filter(pk=payment.pk).update(**closed)
    payment.refresh_from_db()
    details = {
        "amount_micros": payment.settled_micros,
        "network": payment.network,
        "wallet": str(payment.wallet_id),
        "transaction": payment.transaction,
    }
    subject = Subject("payment", str(payment.pk), payment.purpose)
    record("payment.found", team_id=payment.team_id, actor=SYSTEM, subject=subject, details=details)
    return payment


def _id(network: str, sent: Sent) -> UUID:
    return uuid.uuid5(_NAMES, f"{network}/{sent.transaction}/{sent.index}")

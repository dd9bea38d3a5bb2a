"""What becomes of a payment: settled, released, unknown, or decided by a person.

Every move is one conditional UPDATE with its line in the record. Two who tell of the same payment agree, or one is
refused (`Payment.MOVES`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.record import Actor, Subject, record
from core.errors import Refusal
from wallets.models import Payment


def move(payment: Payment, to: Payment.State, **fields: Any) -> None:
    """Move the payment by conditional UPDATE; an illegal move raises Refusal."""
    allowed = [state for state, targets in Payment.MOVES.items() if to in targets]
    with transaction.atomic():
        changed = Payment.objects.filter(pk=payment.pk, state__in=allowed).update(state=to, **fields)
    if not changed:
        raise Refusal("PAYMENT_STATE", f"Payment {payment.pk} cannot become {to}.")
    payment.refresh_from_db()


def settle(
    payment: Payment,
    *,
    paid_by: str,
    actor: Actor,
    micros: int | None = None,
    receipt: Mapping[str, Any] | None = None,
) -> None:
    """Close the payment as paid. `paid_by` is x402, mpp, balance or card; `micros` what was really charged."""
    charged = payment.amount_micros if micros is None else micros
    told = receipt or {}
    transaction_hash = str(told.get("transaction") or told.get("reference") or "")[:80]
    _end(
        payment,
        Payment.State.SETTLED,
        actor,
        paid_by=paid_by,
        settled_micros=charged,
        receipt=dict(receipt or {}),
        transaction=transaction_hash,
    )


def release(payment: Payment, *, actor: Actor) -> None:
    """Close the payment as never made: it is proven that no money moved or can move."""
    _end(payment, Payment.State.RELEASED, actor, settled_micros=0)


def decide(payment: Payment, *, paid: bool, note: str, actor: Actor) -> None:
    """Close a payment of unknown outcome by a person's word, which stays with it. Raises Refusal when it was closed."""
    state, micros = (Payment.State.SETTLED, payment.amount_micros) if paid else (Payment.State.RELEASED, 0)
    with transaction.atomic():
        audit("payment.decided", payment, actor, paid=paid, note=note)
        _end(payment, state, actor, settled_micros=micros, note=note, decided_by=actor.label)


def _end(payment: Payment, state: Payment.State, actor: Actor, **fields: Any) -> None:
    """Move to a final state and forget the authorization; nothing is left to do where another look-up was first."""
    with transaction.atomic():
        if _now(payment) == state:
            return
        move(payment, state, ended_at=timezone.now(), authorization_sealed=b"", **fields)
        audit(f"payment.{state}", payment, actor)


def doubt(payment: Payment, *, actor: Actor) -> None:
    """Mark the outcome unknown: the wallet pays nothing else until `settle` or `release`.

    A payment that another worker has ended in the meantime stays ended; its state tells the caller.
    """
    with transaction.atomic():
        if _now(payment) in (Payment.State.UNKNOWN, Payment.State.SETTLED, Payment.State.RELEASED):
            return
        move(payment, Payment.State.UNKNOWN)
        audit("payment.unknown", payment, actor)


def _now(payment: Payment) -> str:
    """Read the row again, locked, and return its state: an operation and a look-up may tell of the same payment."""
    payment.refresh_from_db(from_queryset=Payment.objects.select_for_update(of=("self",)))
    return payment.state


def audit(action: str, payment: Payment, actor: Actor, **more: str | bool) -> None:
    """Record a step of the payment."""
    record(
        action,
        team_id=payment.team_id,
        actor=actor,
        subject=Subject("payment", str(payment.pk), payment.purpose),
        details={
            "amount_micros": payment.amount_micros,
            "network": payment.network,
            "wallet": str(payment.wallet_id),
            "operation": str(payment.operation_id),
            **more,
        },
    )

"""The one gate for money (ARCHITECTURE, rule 4).

    reserve ──▶ sign (client, inside `purchase`) ──▶ settle | release | doubt ──▶ settle | release

Every step is committed before the next byte leaves. A second authorization is never signed while the first may settle.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import Actor, Subject, record
from core.errors import NextStep, Refusal
from run402 import x402
from wallets import freezing, halts, limiting, payees, policies, selectors, vault, windows
from wallets.limits import money_of
from wallets.models import Payment, Wallet
from wallets.windows import Spend

#: A held authorization this close to its end is not presented again: it may expire on the way.
MARGIN_SECONDS = 10


@dataclass(frozen=True)
class Charge:
    """What an operation may pay at most, as it was shown to the person. Amount in USDC micros.

    `actor` asks for it, `cost` says what kind of thing it pays for: both may have limits of their own.
    """

    operation_id: UUID
    kind: str
    purpose: str
    amount_micros: int
    network: str
    actor: Actor
    cost: Payment.Cost = Payment.Cost.OTHER
    project_id: UUID | None = None

    @property
    def actor_id(self) -> UUID | None:
        """Who asks; None for the panel itself."""
        return UUID(self.actor.id) if self.actor.id else None


def reserve(wallet: Wallet, charge: Charge) -> Payment:
    """Check every limit and reserve the amount, committed on return. Asking again for an operation returns its payment.

    Raises Refusal with a sentence and the next step when a limit, the network or an unknown payment forbids it, and
    Halted while its team, its gateway or everything is stopped.
    """
    with transaction.atomic():
        locked = Wallet.objects.select_for_update(of=("self",)).select_related("gateway").get(pk=wallet.pk)
        if existing := Payment.objects.filter(operation_id=charge.operation_id).first():
            return existing
        halts.refuse_if_halted(locked.team_id, locked.gateway_id)
        freezing.refuse_if_frozen(locked)
        at = windows.now_for(locked)
        _check(locked, charge, at)
        payment = Payment.objects.create(
            team_id=locked.team_id,
            wallet=locked,
            operation_id=charge.operation_id,
            kind=charge.kind,
            purpose=charge.purpose,
            amount_micros=charge.amount_micros,
            network=charge.network,
            cost=charge.cost,
            actor_id=charge.actor_id,
            project_id=charge.project_id,
            reserved_at=at,
        )
        _audit("payment.reserved", payment, charge.actor)
    return payment


def is_reserved(operation_id: UUID) -> bool:
    """Say whether an operation has its payment already."""
    return Payment.objects.filter(operation_id=operation_id).exists()


def _check(wallet: Wallet, charge: Charge, at: datetime) -> None:
    limits = policies.verified(wallet)
    if wallet.is_frozen:
        raise frozen(wallet)
    if selectors.unknown_payment(wallet):
        raise Refusal(
            "PAYMENT_OUTCOME_UNKNOWN",
            _("An earlier payment of this wallet has an unknown outcome. Nothing is paid until it is known."),
            next_steps=[NextStep("review_payments", _("Look at the payment"), "/payments")],
        )
    if charge.amount_micros < 0:
        raise Refusal("AMOUNT_INVALID", _("A payment cannot be negative."))
    money = money_of(charge.network)
    allowed = charge.network in limits.networks and charge.network in wallet.gateway.networks
    if not allowed or money is None or limits.amounts(money) is None:
        raise Refusal("NETWORK_NOT_ALLOWED", _("This wallet may not pay on this network."))
    spend = Spend(money, charge.cost, charge.actor_id, charge.project_id)
    left = windows.left_for(wallet, limits, spend, at)
    if cap := windows.exceeded(left, charge.amount_micros):
        raise limiting.refusal(cap, left[cap], charge.amount_micros)


def frozen(wallet: Wallet) -> Refusal:
    """Return why a wallet pays nothing that was restored from a backup and has not caught up."""
    return Refusal(
        "WALLET_FROZEN",
        _(
            "The panel was restored from a backup. %(name)s pays nothing until a worker has read what it spent since."
        )
        % {"name": wallet.label},
        hint=_("That happens by itself, within minutes of the restore."),
    )


def purchase(payment: Payment) -> x402.Purchase:
    """Return how the client may pay: a known payee, on the reservation's network, never above it; recorded first.

    Raises Halted while it is stopped: what was signed before is not presented again either.
    """
    refuse_if_halted(payment)
    freezing.refuse_if_frozen(payment.wallet)

    def before_send(signed: x402.SignedPayment) -> None:
        _store_signed(payment, signed)

    cap = x402.CapPolicy(max_micros=payment.amount_micros, networks=(payment.network,))
    known = payees.KnownPayee(cap, payment.wallet)
    return x402.Purchase(policy=known, before_send=before_send, held=held(payment))


def refuse_if_halted(payment: Payment) -> None:
    """Raise Halted while the payment's team, its gateway or everything is stopped."""
    halts.refuse_if_halted(payment.team_id, payment.wallet.gateway_id)


def held(payment: Payment) -> x402.SignedPayment | None:
    """Return the authorization to present again, unsealed; None when there is none or it is about to expire."""
    if not payment.authorization_sealed or not payment.valid_before:
        return None
    if payment.valid_before - MARGIN_SECONDS < time.time():
        return None
    return x402.SignedPayment.from_json(
        vault.unseal_field(payment, "authorization_sealed", context(payment)).decode()
    )


def forget_expired() -> int:
    """Delete the stored authorizations that can settle no more; return how many. Their nonces stay, for the look-up."""
    old = Payment.objects.filter(valid_before__lt=int(time.time())).exclude(authorization_sealed=b"")
    return old.update(authorization_sealed=b"")


def context(payment: Payment) -> vault.Context:
    """Return where a payment's sealed authorization belongs."""
    return vault.Context("wallets_payment", str(payment.pk), "authorization", payment.wallet.address)


def _store_signed(payment: Payment, signed: x402.SignedPayment) -> None:
    """Commit nonce and sealed authorization, once in the life of a payment.

    The row itself decides: of two workers that believe to own the operation, one is refused before anything leaves.
    """
    sealed = vault.seal(signed.to_json().encode(), context(payment))
    with transaction.atomic():
        refuse_if_halted(payment)
        wallet = Wallet.objects.select_for_update().get(pk=payment.wallet_id)
        if wallet.is_frozen:
            raise frozen(wallet)
        freezing.refuse_if_frozen(wallet)
        free = Payment.objects.filter(pk=payment.pk, state=Payment.State.RESERVED, nonce="")
        changed = free.update(
            state=Payment.State.SIGNED,
            nonce=signed.nonce,
            valid_before=signed.valid_before,
            payee=signed.payee,
            asset=signed.asset,
            authorization_sealed=sealed,
        )
    if not changed:
        raise Refusal(
            "SECOND_SIGNATURE", _("A payment for this was already signed; it is never signed twice.")
        )
    payment.refresh_from_db()


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
    transaction_hash = str((receipt or {}).get("transaction") or "")[:80]
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
        _audit("payment.decided", payment, actor, paid=paid, note=note)
        _end(payment, state, actor, settled_micros=micros, note=note, decided_by=actor.label)


def _end(payment: Payment, state: Payment.State, actor: Actor, **fields: Any) -> None:
    """Move to a final state and forget the authorization."""
    if payment.state == state:
        return
    with transaction.atomic():
        move(payment, state, ended_at=timezone.now(), authorization_sealed=b"", **fields)
        _audit(f"payment.{state}", payment, actor)


def doubt(payment: Payment, *, actor: Actor) -> None:
    """Mark the outcome unknown: the wallet pays nothing else until `settle` or `release`."""
    if payment.state == Payment.State.UNKNOWN:
        return
    with transaction.atomic():
        move(payment, Payment.State.UNKNOWN)
        _audit("payment.unknown", payment, actor)


def _audit(action: str, payment: Payment, actor: Actor, **more: str | bool) -> None:
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

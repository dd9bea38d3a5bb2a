"""The one gate for money (ARCHITECTURE, rule 4).

    reserve ──▶ sign (client, inside `purchase`) ──▶ settle | release | doubt ──▶ settle | release

Every step is committed before the next byte leaves. A second authorization is never signed while the first may settle.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from audit.record import Actor
from core.errors import NextStep, Refusal
from run402 import mpp, x402
from wallets import closing, freezing, halts, limiting, payees, policies, selectors, vault, windows
from wallets.limits import WALLET, Cap, money_of
from wallets.models import Payment, Wallet
from wallets.models.gateway import TEMPO_MODERATO
from wallets.windows import Spend

#: What Tempo's network may take on top of a price paid by MPP, in micros: reserved with it, and never more is signed.
MPP_FEE_MICROS = 50_000
#: A held authorization this close to its end is not presented again: it may expire on the way.
MARGIN_SECONDS = 10
#: A transfer on Tempo is valid for some 25 seconds only (contract: identity 3.8).
MPP_MARGIN_SECONDS = 3


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
    #: A worker saw the asker's passkey confirm this very payment. Real money leaves for nothing less.
    confirmed: bool = False

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
            _require_same(existing, locked, charge)
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
        closing.audit("payment.reserved", payment, charge.actor)
    return payment


def is_reserved(operation_id: UUID) -> bool:
    """Say whether an operation has its payment already."""
    return Payment.objects.filter(operation_id=operation_id).exists()


def has_left(operation_id: UUID) -> bool:
    """Say whether an operation's payment went further than its reservation: then nobody is asked for it again.

    A reservation alone proves nothing: web could have written the row.
    """
    return Payment.objects.filter(operation_id=operation_id).exclude(state=Payment.State.RESERVED).exists()


def _require_same(payment: Payment, wallet: Wallet, charge: Charge) -> None:
    """Refuse a reservation that is not of this charge."""
    found = (payment.wallet_id, payment.network, payment.amount_micros)
    if found != (wallet.pk, charge.network, charge.amount_micros):
        raise Refusal(
            "PAYMENT_DIFFERS",
            _("What was reserved for this is not what it costs now. Nothing was signed; ask for it again."),
        )


def _check(wallet: Wallet, charge: Charge, at: datetime) -> None:
    limits = policies.verified(wallet)
    if wallet.is_frozen:
        raise limiting.restored(wallet)
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
        raise limiting.off_its_rail(wallet, charge.network)
    if money == "real" and not charge.confirmed:
        raise Refusal("PASSKEY_NEEDED", _("Real money is paid with a passkey. Nothing was reserved."))
    spend = Spend(money, charge.cost, charge.actor_id, charge.project_id)
    left = windows.left_for(wallet, limits, spend, at)
    if cap := windows.exceeded(left, charge.amount_micros):
        raise limiting.refusal(cap, left[cap], charge.amount_micros)


def purchase(payment: Payment) -> x402.Purchase:
    """Return how the client may pay: a known payee, on the reservation's network, never above it; recorded first.

    Raises Halted while it is stopped: what was signed before is not presented again either.
    """
    refuse_if_halted(payment)
    freezing.refuse_if_frozen(payment.wallet)
    _require_within(payment)

    def before_send(signed: x402.SignedPayment) -> None:
        _store_signed(payment, signed)

    cap = x402.CapPolicy(max_micros=payment.amount_micros, networks=(payment.network,))
    known = payees.KnownPayee(cap, payment.wallet)
    return x402.Purchase(policy=known, before_send=before_send, held=held(payment))


@dataclass(frozen=True)
class MppPurchase:
    """The same permission for MPP: what may be signed, what keeps it before it leaves, what was signed before."""

    policy: mpp.CapPolicy
    before_send: Callable[[mpp.SignedCharge], None]
    held: mpp.SignedCharge | None


def mpp_purchase(payment: Payment) -> MppPurchase:
    """Return how the client may pay by MPP: pathUSD on Moderato to a known payee, the reservation less the fee.

    Raises Halted and Frozen like `purchase`.
    """
    refuse_if_halted(payment)
    freezing.refuse_if_frozen(payment.wallet)
    if payment.network != TEMPO_MODERATO:
        raise Refusal("NETWORK_NOT_ALLOWED", _("This wallet may not pay on this network."))
    _require_within(payment)

    def before_send(signed: mpp.SignedCharge) -> None:
        _store_signed(payment, signed)

    most = payment.amount_micros - MPP_FEE_MICROS
    policy = payees.KnownRecipient(max_micros=most, max_fee_micros=MPP_FEE_MICROS, wallet=payment.wallet)
    return MppPurchase(policy, before_send, held_charge(payment))


def _require_within(payment: Payment) -> None:
    """Ask the genuine limits once more before anything is signed: they may be lower by now, or the row be forged."""
    if payment.state != Payment.State.RESERVED:
        return
    limits, money = policies.verified(payment.wallet), money_of(payment.network)
    amounts = limits.amounts(money) if money else None
    if money is None or amounts is None or payment.network not in limits.networks:
        raise limiting.off_its_rail(payment.wallet, payment.network)
    if payment.amount_micros > amounts.payment:
        most = Cap(WALLET, "", money, "payment", amounts.payment)
        raise limiting.refusal(most, amounts.payment, payment.amount_micros)


def refuse_if_halted(payment: Payment) -> None:
    """Raise Halted while the payment's team, its gateway or everything is stopped."""
    halts.refuse_if_halted(payment.team_id, payment.wallet.gateway_id)


def held(payment: Payment) -> x402.SignedPayment | None:
    """Return the authorization to present again, unsealed; None when there is none or it is about to expire."""
    text = _held_text(payment)
    return x402.SignedPayment.from_json(text) if text else None


def held_charge(payment: Payment) -> mpp.SignedCharge | None:
    """Return the same of a payment by MPP."""
    text = _held_text(payment)
    return mpp.SignedCharge.from_json(text) if text else None


def is_held(payment: Payment) -> bool:
    """Say whether there is something signed to present again, on whatever rail."""
    if not payment.authorization_sealed or not payment.valid_before:
        return False
    margin = MPP_MARGIN_SECONDS if payment.network == TEMPO_MODERATO else MARGIN_SECONDS
    return payment.valid_before - margin >= time.time()


def _held_text(payment: Payment) -> str:
    if not is_held(payment):
        return ""
    return vault.unseal_field(payment, "authorization_sealed", context(payment)).decode()


def forget_expired() -> int:
    """Delete the stored authorizations that can settle no more; return how many. Their nonces stay, for the look-up."""
    old = Payment.objects.filter(valid_before__lt=int(time.time())).exclude(authorization_sealed=b"")
    return old.update(authorization_sealed=b"")


def context(payment: Payment) -> vault.Context:
    """Return where a payment's sealed authorization belongs."""
    return vault.Context("wallets_payment", str(payment.pk), "authorization", payment.wallet.address)


def _store_signed(payment: Payment, signed: x402.SignedPayment | mpp.SignedCharge) -> None:
    """Commit nonce and sealed authorization, once in the life of a payment.

    The row itself decides: of two workers that believe to own the operation, one is refused before anything leaves.
    """
    sealed = vault.seal(signed.to_json().encode(), context(payment))
    with transaction.atomic():
        refuse_if_halted(payment)
        wallet = Wallet.objects.select_for_update().get(pk=payment.wallet_id)
        if wallet.is_frozen:
            raise limiting.restored(wallet)
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

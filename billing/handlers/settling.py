"""From an answer, or from the ledger, to the end of a payment's row."""

from __future__ import annotations

import time

from django.utils.translation import gettext as _

import run402
from audit.record import SYSTEM, Actor
from billing import services
from billing.handlers import charging
from billing.handlers.mirror import write_change
from core.ui.money import usd
from operations.models import Operation
from operations.work import Later, Work
from run402 import x402
from run402.errors import BalanceUnknown
from run402.resources.providers import AGREEING
from run402.resources.tiers import TierChange
from wallets import closing, spending
from wallets.models import Payment
from wallets.models.gateway import TEMPO_MODERATO

LONGEST_PAUSE = 300.0


def answered(work: Work, payment: Payment, paid: x402.Paid[TierChange]) -> None:
    """Settle from the answer of a call that succeeded.

    An answer without a receipt to a payment presented *again* proves the purchase, not which money paid for it: the
    ledger decides that later, and what was bought is remembered.
    """
    work.checkpoint(delivered=True)
    write_change(payment.wallet, paid.value)
    if paid.outcome == "settled" and paid.payment is not None:
        micros, rail = paid.payment.amount_micros, rail_of(payment)
        if rail == "mpp":
            micros = charging.with_fee(payment, micros)
        closing.settle(payment, paid_by=rail, actor=work.actor, micros=micros, receipt=paid.receipt)
        work.event(_("Settled: %(sum)s.") % {"sum": usd(micros, exact=True)})
    elif paid.payment is None:
        closing.settle(payment, paid_by="balance", actor=work.actor)
        work.event(_("Run402 asked for no payment: the balance it keeps for you covered it."))
    else:
        raise Later(1.0, "settle")


def look_up(work: Work, client: run402.Client, payment: Payment) -> None:
    """Close the payment by the token's own record, once the authorization can no longer settle.

    Raises Later until then, and while the providers cannot be read or disagree (contract: identity 3.7, README 2).
    """
    if payment.valid_before is None or not payment.nonce:
        raise LookupError("only a signed payment can be looked up")
    left = payment.valid_before - time.time()
    if left > 0:
        raise Later(min(left + 2, LONGEST_PAUSE), "settle")
    try:
        used = _used(client, payment)
    except BalanceUnknown:
        used = None
    if used is None:
        raise _look_again(work)
    if used:
        rail = rail_of(payment)
        shown = payment.amount_micros - spending.MPP_FEE_MICROS
        micros = charging.with_fee(payment, shown) if rail == "mpp" else None
        closing.settle(payment, paid_by=rail, actor=work.actor, micros=micros)
        work.event(_("The chain shows that the payment settled."))
    else:
        closing.release(payment, actor=work.actor)
        work.event(_("The chain shows that the payment never settled, and it has expired."))


def _used(client: run402.Client, payment: Payment) -> bool | None:
    """Ask the chain that the payment was signed for; None while it cannot tell. Raises BalanceUnknown.

    Two providers have to say the same; a sandbox is its own chain.
    """
    if rail_of(payment) == "mpp":
        return charging.landed(payment)
    agreeing = 1 if payment.wallet.gateway.is_sandbox else AGREEING
    return client.balance.authorization_used(
        payment.network,
        payment.wallet.address,
        payment.nonce,
        after=payment.valid_before or 0,
        agreeing=agreeing,
    )


def rail_of(payment: Payment) -> str:
    """Return what a payment was signed for: x402, or mpp on Tempo."""
    return "mpp" if payment.network == TEMPO_MODERATO else "x402"


def _look_again(work: Work) -> Later:
    looks = int(work.checkpoints.get("looks", 0)) + 1
    work.checkpoint(looks=looks)
    if looks == 1:
        work.event(_("Two providers of the chain do not tell the same right now. Looking again."), "retry")
    return Later(min(2.0**looks, LONGEST_PAUSE), "settle")


def close_open(operation: Operation) -> None:
    """End the reservation of an operation that ended; hand a signed payment to a look-up of its own."""
    payment = _payment_of(operation)
    if payment and payment.state == Payment.State.RESERVED:
        closing.release(payment, actor=_actor_of(operation))
    look_up_open(operation)


def look_up_open(operation: Operation) -> None:
    """Hand a signed payment to a look-up of its own: it does not wait for the person who reviews the operation."""
    payment = _payment_of(operation)
    if payment and payment.is_open and payment.state != Payment.State.RESERVED:
        closing.doubt(payment, actor=_actor_of(operation))
        services.reconcile_payment(payment=payment)


def _payment_of(operation: Operation) -> Payment | None:
    payments = Payment.objects.select_related("wallet__team", "wallet__gateway")
    return payments.filter(operation_id=operation.pk).first()


def _actor_of(operation: Operation) -> Actor:
    return operation.actor.actor if operation.actor else SYSTEM

"""Asking for a tier and paying by MPP, with one signed transfer on Tempo (contract: identity 3.8).

What comes of it is told in the words of x402, so that a payment's row has one life whatever rail it took.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from billing.handlers import troubles
from operations.work import Work
from run402 import mpp, x402
from run402.errors import (
    BadAnswer,
    BalanceUnknown,
    PaymentRefused,
    PaymentRequired,
    PaymentUnsettled,
    Run402Error,
)
from run402.resources.tiers import TierChange, read_change
from wallets import signer, spending
from wallets.models import Payment

Tell = Callable[[mpp.SignedCharge], None]


def ask(work: Work, payment: Payment, tell: Tell) -> x402.Paid[TierChange]:
    """Ask for the tier; sign once when asked to pay, or present again what was signed.

    `tell` comes right before the gate keeps what was signed. Raises Refusal when nothing may be signed,
    PaymentUnsettled after a credential left, and with a held one for every failure.
    """
    purchase = spending.mpp_purchase(payment)
    held = purchase.held
    try:
        answered = _asked(work, purchase, tell)
    except mpp.ChargeUnsettled as error:
        raise _unsettled(error.settlement, error.cause) from error
    except Run402Error as error:
        if held is not None:
            raise _unsettled(mpp.Settlement("unknown", held), error) from error
        raise _refusal(error, payment) or error from None
    return _paid(answered)


def _asked(work: Work, purchase: spending.MppPurchase, tell: Tell) -> mpp.Answered:
    def before_send(signed: mpp.SignedCharge) -> None:
        tell(signed)
        purchase.before_send(signed)

    with (
        signer.tempo() as chain,
        work.payer(policy=purchase.policy, before_send=before_send, chain=chain) as payer,
    ):
        return payer.call(
            "POST",
            f"/tiers/v1/{work.args['tier']}",
            {},
            sign_in=True,
            idempotency_key=work.operation.idempotency_key,
            held=purchase.held,
        )


def _refusal(error: Run402Error, payment: Payment) -> Exception | None:
    """Return why nothing was signed, in words; None for what has another reason."""
    if isinstance(error, mpp.ExtraMissing):
        return troubles.no_extra(error)
    if isinstance(error, PaymentRequired):
        return troubles.no_charge(error, payment)
    if isinstance(error, PaymentRefused):
        return troubles.refused_charge(error, payment)
    return None


def _paid(answered: mpp.Answered) -> x402.Paid[TierChange]:
    settlement = answered.settlement
    receipt = dict(settlement.receipt) if settlement.receipt is not None else None
    signed = _signed(settlement.payment) if settlement.payment else None
    if not isinstance(answered.body, dict):
        error = BadAnswer("The gateway's answer is no JSON object.")
        if settlement.payment is None:
            raise error
        raise _unsettled(settlement, error)
    return x402.Paid(read_change(answered.body), settlement.outcome, signed, receipt)


def _unsettled(settlement: mpp.Settlement, cause: Run402Error) -> PaymentUnsettled:
    """Return the failure. What the chain calls settled is presented again first: the tier has to come of it."""
    if settlement.payment is None:
        raise LookupError("something was signed")
    receipt = dict(settlement.receipt) if settlement.receipt is not None else None
    return PaymentUnsettled(
        outcome="rejected" if settlement.outcome == "rejected" else "unknown",
        payment=_signed(settlement.payment),
        receipt=receipt,
        cause=cause,
    )


def _signed(charge: mpp.SignedCharge) -> x402.SignedPayment:
    facts = asdict(charge)
    facts.pop("credential")
    return x402.SignedPayment(
        header=charge.credential,
        nonce=charge.nonce,
        valid_before=charge.valid_before,
        valid_after=0,
        amount_micros=charge.amount_micros,
        network=charge.network,
        asset=charge.asset,
        payee=charge.payee,
        payer=charge.payer,
        requirement=facts,
    )


def landed(payment: Payment) -> bool | None:
    """Say whether the transfer was made; None while that is open. Raises BalanceUnknown."""
    with signer.tempo() as chain:
        return chain.landed(payment.nonce, valid_before=payment.valid_before or 0)


def with_fee(payment: Payment, micros: int) -> int:
    """Return what a transfer of so much took from the wallet: the network's fee too, at most what was reserved."""
    try:
        with signer.tempo() as chain:
            fee = chain.fee(payment.nonce)
    except BalanceUnknown:
        fee = None
    return micros + (spending.MPP_FEE_MICROS if fee is None else min(fee, spending.MPP_FEE_MICROS))

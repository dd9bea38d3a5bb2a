"""Making a call that may cost: ask, let the policy decide, record, pay once, tell the truth about the outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from run402 import errors
from run402.answers import Answer, api_error
from run402.reading import Document
from run402.wire import Call, Wire
from run402.x402.challenge import Challenge, parse_challenge, parse_receipt
from run402.x402.outcome import after_failure, after_success, is_about
from run402.x402.payment import HEADER, SignedPayment, sign
from run402.x402.purchase import Paid, Purchase

T = TypeVar("T")


def buy(wire: Wire, call: Call, purchase: Purchase | None, reader: Callable[[Document], T]) -> Paid[T]:
    """Send ``call``, pay when asked and allowed, and read the answer.

    Raises PaymentRequired when the gateway asks and there is no purchase or no readable challenge,
    PaymentRefused when the policy says no, and PaymentUnsettled for every failure after a payment was
    presented; with a held payment for every failure at all, because that one was presented before.
    """
    held = purchase.held if purchase else None
    try:
        answer = wire.send(call)
        if purchase is not None and answer.status == 402:
            return _pay(wire, call, purchase, answer, reader)
        value = answer.require_ok().read(reader)
    except errors.PaymentUnsettled:
        raise
    except errors.Run402Error as cause:
        if held is None:
            raise
        raise errors.PaymentUnsettled(outcome="unknown", payment=held, receipt=None, cause=cause) from cause
    receipt = parse_receipt(answer.headers)
    return Paid(value, after_success(held=held, receipt=receipt), held, receipt)


def _pay(
    wire: Wire, call: Call, purchase: Purchase, asked: Answer, reader: Callable[[Document], T]
) -> Paid[T]:
    challenge = parse_challenge(asked.headers, asked.content)
    if challenge is None:
        raise api_error(asked)
    challenge.require_same_resource(wire.base_url + call.path)
    payment = purchase.held or _sign(wire, call, purchase, challenge)
    receipt: dict[str, Any] | None = None
    answer: Answer | None = None
    try:
        answer = wire.send(call.with_headers({HEADER: payment.header}))
        receipt = parse_receipt(answer.headers)
        value = answer.require_ok().read(reader)
        _require_own_receipt(answer, receipt, payment)
    except errors.Run402Error as cause:
        status = answer.status if answer is not None else None
        outcome = after_failure(held=purchase.held, status=status, code=cause.code, receipt=receipt)
        raise errors.PaymentUnsettled(
            outcome=outcome, payment=payment, receipt=receipt, cause=cause
        ) from cause
    return Paid(value, "settled", payment, receipt)


def _sign(wire: Wire, call: Call, purchase: Purchase, challenge: Challenge) -> SignedPayment:
    if wire.signer is None:
        raise ValueError("A purchase needs a client with a signer.")
    requirement = purchase.policy.choose(challenge, asked_url=wire.base_url + call.path)
    payment = sign(wire.signer, challenge, requirement, now=int(wire.clock()))
    purchase.before_send(payment)
    return payment


def _require_own_receipt(answer: Answer, receipt: Mapping[str, Any] | None, payment: SignedPayment) -> None:
    """A 2xx whose receipt says that settling failed, or that is another payment's, contradicts itself.

    Only the ledger knows then.
    """
    if receipt is None:
        return
    why = ""
    if receipt.get("success") is False:
        why = "a receipt that says the payment failed"
    elif not is_about(receipt, payment):
        why = "a receipt for another payment"
    if why:
        raise errors.BadAnswer(f"The gateway answered with success and {why}.").after(
            answer.method, status=answer.status, trace_id=answer.trace_id
        )

"""Take a payment: verify it, settle it on the ledger once, write the receipt (identity 3.5, 3.6)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sandbox import x402
from sandbox.chain import SEPOLIA_USDC, Asset
from sandbox.idempotency import key_of
from sandbox.ids import transaction_hash
from sandbox.problems import Problem
from sandbox.store.ledger import Authorization, InsufficientFunds, Ledger, Transfer
from sandbox.web import Call


@dataclass(frozen=True)
class Offer:
    """What is for sale. `micros` is the price; `sample` an example of the answer."""

    url: str
    description: str
    micros: int
    sample: dict[str, Any]


def payment_header(call: Call) -> str | None:
    return call.header("payment-signature")


def collect(call: Call, offer: Offer) -> dict[str, str]:
    """Settle the payment that came along and return the headers of the success.

    Raises Problem: the challenge when no payment came, or the refusal. A payment that settled before for the
    same request under the same Idempotency-Key counts again without moving money.
    """
    header = payment_header(call)
    if header is None:
        raise _challenge(call, offer)
    try:
        payment = x402.verify(header, micros=offer.micros, now=call.gateway.clock.proof_now())
        receipt = _settle(call, payment, header)
    except x402.Refused as refusal:
        raise _challenge(call, offer, refusal.reason) from refusal
    return {"PAYMENT-RESPONSE": x402.encode(receipt)}


def _settle(call: Call, payment: x402.Payment, header: str) -> dict[str, Any]:
    ledger = ledger_of(call, payment.asset) or call.gateway.store.ledger
    digest = hashlib.sha256(header.encode()).hexdigest()
    used = ledger.authorization(payment.payer, payment.nonce)
    if used is None:
        used = Authorization(
            payment.payer, payment.nonce, digest, call.method_and_path, key_of(call), transaction_hash()
        )
        _move(call, payment, used)
    elif not _is_same_request(call, used, digest):
        raise x402.Refused("invalid_exact_evm_nonce_already_used")
    return {
        "success": True,
        "transaction": used.transaction_hash,
        "network": payment.asset.network,
        "payer": payment.payer,
    }


def _is_same_request(call: Call, used: Authorization, header_sha256: str) -> bool:
    key = key_of(call)
    return key is not None and (key, header_sha256, call.method_and_path) == (
        used.idempotency_key,
        used.header_sha256,
        used.scope,
    )


def _move(call: Call, payment: x402.Payment, authorization: Authorization) -> None:
    """The ledger holds test USDC only, so a payment in another asset finds no funds, unless Base is pretended."""
    ledger = ledger_of(call, payment.asset)
    if ledger is None:
        raise _settlement_failed(payment, "insufficient_funds", "This sandbox holds no USDC of that network.")
    now = call.gateway.clock.proof_now()
    transfer = Transfer(
        authorization.transaction_hash, "payment", payment.payer, payment.payee, payment.micros, now
    )
    try:
        ledger.move(transfer)
    except InsufficientFunds as error:
        text = "The wallet does not hold enough USDC on this network."
        raise _settlement_failed(payment, "insufficient_funds", text) from error
    ledger.use(authorization)


def ledger_of(call: Call, asset: Asset) -> Ledger | None:
    """Where an asset's balances are kept; None for one that this sandbox does not hold."""
    store = call.gateway.store
    return store.ledger if asset == SEPOLIA_USDC else store.base


def _settlement_failed(payment: x402.Payment, reason: str, message: str) -> Problem:
    receipt = {
        "success": False,
        "errorReason": reason,
        "transaction": "",
        "network": payment.asset.network,
        "payer": payment.payer,
    }
    return Problem(
        402,
        "INSUFFICIENT_FUNDS",
        f"{message} Nothing was paid.",
        category="payment",
        details={"reason": reason, "network": payment.asset.network},
        next_actions=("submit_payment",),
        headers={"PAYMENT-RESPONSE": x402.encode(receipt)},
    )


def _challenge(call: Call, offer: Offer, reason: str | None = None) -> Problem:
    body = x402.challenge(
        url=offer.url,
        description=offer.description,
        micros=offer.micros,
        seconds=call.gateway.settings.payment_seconds,
        now=call.gateway.clock.proof_now(),
        sample=offer.sample,
        error=reason or "Payment required",
    )
    text = f"The payment was refused: {reason}." if reason else "This call costs money; pay and repeat it."
    return Problem(
        402,
        "PAYMENT_REQUIRED",
        text,
        category="payment",
        retryable=True,
        details={"reason": reason} if reason else {},
        next_actions=("submit_payment",),
        headers={"PAYMENT-REQUIRED": x402.encode(body)},
        x402={"x402Version": 2, "accepts": body["accepts"]},
    )

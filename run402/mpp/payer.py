"""Making a call that may cost, paid by MPP: ask, let the policy decide, record, pay once, tell the truth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from run402 import errors, jsontext
from run402.answers import Answer, api_error
from run402.generations import SHARED
from run402.mpp.charge import SignedCharge, parse_charges
from run402.mpp.credential import require_extra, sign
from run402.mpp.policy import CapPolicy
from run402.mpp.tempo import Tempo
from run402.signers import LocalSigner
from run402.wire import Call, Exchange, Wire
from run402.x402 import Outcome
from run402.x402.challenge import MAX_CHALLENGE_CHARACTERS, decode_base64

RECEIPT = "Payment-Receipt"
# A server answers a paid request after the transfer was included: half a minute is usual.
TIMEOUT = httpx.Timeout(45.0, connect=5.0)


@dataclass(frozen=True)
class Settlement:
    """What became of a payment, in the words of ``run402.x402``, with the server's receipt where there is one.

    ``settled``: the transfer was made. ``rejected``: it was not and cannot be any more. ``not_needed``: nothing was
    asked; a payment named here is one held from before. ``unknown``: it may still be made until
    ``payment.valid_before``; ``Payer.outcome`` asks again.

    >>> Settlement("not_needed").final
    True
    """

    outcome: Outcome
    payment: SignedCharge | None = None
    receipt: Mapping[str, Any] | None = None

    @property
    def final(self) -> bool:
        """Whether nothing more has to be found out."""
        return self.outcome != "unknown"


@dataclass(frozen=True)
class Answered:
    """A success, and what was paid for it. ``body`` is the JSON value, else the text.

    >>> Answered(200, {"tier": "prototype"}, Settlement("not_needed")).settlement.outcome
    'not_needed'
    """

    status: int
    body: Any
    settlement: Settlement


class ChargeUnsettled(errors.Run402Error):
    """A credential was presented, and the call it was for failed. ``cause`` is the failure itself.

    ``settlement.outcome`` is what the chain proves, ``settled`` or ``rejected``, else ``unknown``: what a server says
    is no proof, because whoever saw the credential can still have the transfer made.
    """

    default_code = "PAYMENT_OUTCOME_UNKNOWN"
    default_category = "payment"

    def __init__(self, settlement: Settlement, cause: errors.Run402Error) -> None:
        opening, code, mutation_state = _FAILED[settlement.outcome]
        super().__init__(
            f"{opening}: {cause.message}",
            code=code,
            mutation_state=mutation_state,
            trace_id=cause.trace_id,
            hint=cause.hint,
            details=cause.details,
            status=cause.status,
            body=cause.body,
            retry_after=cause.retry_after,
        )
        self.settlement = settlement
        self.cause = cause


_FAILED: dict[Outcome, tuple[str, str, str]] = {
    "settled": ("The payment was made, but the call failed", "PAID_CALL_FAILED", "unknown"),
    "rejected": ("The payment was refused", "PAYMENT_REJECTED", "none"),
    "unknown": ("The outcome of the payment is not known", "PAYMENT_OUTCOME_UNKNOWN", "unknown"),
}


class Payer:
    """One gateway, paid from one wallet on Tempo. Credentials go to ``base_url`` and nowhere else.

    ``before_send`` gets the signed charge before it leaves and must store it durably; when it raises, nothing is
    sent. ``key`` is the wallet's, 32 bytes: ``pympp`` takes no other signer. Calls of several threads take turns.

    >>> Payer("https://api.run402.com", key=bytes(31) + b"\\x01", policy=CapPolicy(100_000), before_send=print)
    Payer('https://api.run402.com')
    """

    def __init__(
        self,
        base_url: str,
        *,
        key: bytes,
        policy: CapPolicy,
        before_send: Callable[[SignedCharge], None],
        chain: Tempo | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = TIMEOUT,
        on_exchange: Callable[[Exchange], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._key = bytes(key)
        self._policy = policy
        self._before_send = before_send
        self._chain = chain or Tempo()
        self._owns_chain = chain is None
        self._open: SignedCharge | None = None
        self._turn = threading.Lock()
        self._wire = Wire(
            base_url,
            signer=LocalSigner(key),
            transport=transport,
            timeout=timeout,
            on_exchange=on_exchange,
            clock=clock,
            dialect="cloud",
            memory=SHARED,
        )

    def call(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        sign_in: bool = False,
        idempotency_key: str | None = None,
        held: SignedCharge | None = None,
    ) -> Answered:
        """Send a request; when it costs, pay once and send it again.

        ``held`` is a charge signed earlier for this same call: it is presented again and no second one is signed.
        Raises PaymentRequired when no MPP charge was offered, PaymentRefused when nothing may be signed,
        ExtraMissing, ChargeUnsettled after a credential left, and the client's other errors before that.
        """
        body = None if document is None else jsontext.dumps(document)
        typed = {"Content-Type": "application/json"} if body is not None else {}
        call = Call(method, path, body, {**typed, **(headers or {})}, sign_in, idempotency_key)
        with self._turn:
            asked = self._wire.send(call)
            if asked.status == 402:
                return self._paid(call, held or self._signed(call, asked))
            asked.require_ok()
            return Answered(asked.status, asked.body, Settlement("not_needed", held, parse_receipt(asked)))

    def outcome(self, payment: SignedCharge) -> Outcome:
        """What the chain says: ``settled``, ``rejected`` or ``unknown``. Raises BalanceUnknown."""
        landed = self._chain.landed(payment.transaction_hash, valid_before=payment.valid_before)
        return "unknown" if landed is None else "settled" if landed else "rejected"

    def close(self) -> None:
        """Close the connections to the gateway; those of a ``chain`` that was passed stay open."""
        self._wire.close()
        if self._owns_chain:
            self._chain.close()

    def _signed(self, call: Call, asked: Answer) -> SignedCharge:
        charges = parse_charges(asked.headers.get_list("www-authenticate"))
        if not charges:
            raise api_error(asked)
        self._require_nothing_open()
        now = self._wire.clock()
        charge = self._policy.choose(charges, now=now)
        _require_free_header(call, charge.header)
        payment = sign(self._key, charge, self._policy, rpc_url=self._chain.rpc_url, now=now)
        self._before_send(payment)
        return payment

    def _require_nothing_open(self) -> None:
        require_extra()
        if self._open is not None and self.outcome(self._open) == "unknown":
            raise errors.PaymentRefused(
                "An earlier payment may still be made, so no second one was signed.",
                details={"reasons": ["open"], "transaction_hash": self._open.transaction_hash},
                mutation_state="not_started",
            )

    def _paid(self, call: Call, payment: SignedCharge) -> Answered:
        self._open = payment
        answer: Answer | None = None
        try:
            answer = self._wire.send(call.with_headers({payment.header: payment.credential}))
            answer.require_ok()
        except errors.Run402Error as cause:
            settlement = self._settlement(payment, answer)
            raise ChargeUnsettled(settlement, cause) from cause
        return Answered(answer.status, answer.body, self._settlement(payment, answer))

    def _settlement(self, payment: SignedCharge, answer: Answer | None) -> Settlement:
        """A success with its receipt is believed; everything else is for the chain to say."""
        receipt = parse_receipt(answer) if answer is not None else None
        if answer is not None and answer.ok and receipt is not None and receipt.get("status") == "success":
            outcome: Outcome = "settled"
        else:
            outcome = self._outcome_or_unknown(payment)
        if outcome != "unknown":
            self._open = None
        return Settlement(outcome, payment, receipt)

    def _outcome_or_unknown(self, payment: SignedCharge) -> Outcome:
        try:
            return self.outcome(payment)
        except errors.BalanceUnknown:
            return "unknown"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Payer({self._wire.base_url!r})"


def parse_receipt(answer: Answer) -> dict[str, Any] | None:
    """The receipt: ``method``, ``reference`` (the transaction's hash), ``status``, ``timestamp``; None without one.

    >>> parse_receipt(Answer("GET", 200, httpx.Headers({"Payment-Receipt": "eyJzdGF0dXMiOiJzdWNjZXNzIn0"}), b""))
    {'status': 'success'}
    """
    header = answer.headers.get(RECEIPT, "")
    decoded = decode_base64(header) if 0 < len(header) <= MAX_CHALLENGE_CHARACTERS else None
    try:
        doc = jsontext.loads(decoded) if decoded is not None else None
    except ValueError:
        return None
    return doc if isinstance(doc, dict) else None


def _require_free_header(call: Call, header: str) -> None:
    """A credential would replace a key that the call carries, unless the server offered a header of its own."""
    if header.lower() in {name.lower() for name in call.headers}:
        raise errors.PaymentRefused(
            f"The call carries its own {header} header, which the payment would replace, so nothing was signed.",
            details={"reasons": ["header"]},
            mutation_state="not_started",
        )

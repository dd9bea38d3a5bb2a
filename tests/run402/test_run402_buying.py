"""A call that may cost, from the first answer to the truth about the outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from run402 import errors, x402
from run402.answers import CLOCK_HINT
from tests.run402.gateways import (
    BASE,
    NOON,
    Gateway,
    Reply,
    challenge,
    mainnet_requirement,
    ok,
    payment_asked,
    receipt,
    requirement,
)

CHANGED = {"wallet": "0xA", "action": "subscribe", "tier": "prototype", "allowance_remaining_usd_micros": 0}


class Ledger:
    """Stands for the database: remembers what it was given before anything left."""

    def __init__(self, gateway: Gateway, failing: Exception | None = None) -> None:
        self.gateway, self.failing = gateway, failing
        self.payments: list[x402.SignedPayment] = []
        self.requests_before: list[int] = []

    def record(self, payment: x402.SignedPayment) -> None:
        self.payments.append(payment)
        self.requests_before.append(len(self.gateway.requests))
        if self.failing:
            raise self.failing

    def purchase(self, held: x402.SignedPayment | None = None, max_micros: int = 100_000) -> x402.Purchase:
        return x402.Purchase(x402.CapPolicy(max_micros), self.record, held)


def set_up(*replies: Reply) -> tuple[Gateway, Ledger]:
    gateway = Gateway(*replies)
    return gateway, Ledger(gateway)


def held_payment() -> x402.SignedPayment:
    gateway, ledger = set_up(payment_asked(), ok(CHANGED))
    gateway.client().tiers.set("prototype", purchase=ledger.purchase())
    return ledger.payments[0]


def unsettled(*replies: Reply, held: x402.SignedPayment | None = None) -> errors.PaymentUnsettled:
    gateway, ledger = set_up(*replies)
    with pytest.raises(errors.PaymentUnsettled) as raised:
        gateway.client().tiers.set("prototype", purchase=ledger.purchase(held))
    return raised.value


def test_asked_payment_is_recorded_then_sent_and_settled_with_its_receipt() -> None:
    gateway, ledger = set_up(payment_asked(), ok(CHANGED, headers=receipt()))
    paid = gateway.client().tiers.set("prototype", purchase=ledger.purchase(), idempotency_key="key-1")
    assert (paid.outcome, paid.value.tier, paid.payment) == ("settled", "prototype", ledger.payments[0])
    assert paid.receipt is not None
    assert paid.receipt["transaction"] == "0xabc"
    assert ledger.requests_before == [1]


def test_paid_request_repeats_everything_but_the_proof() -> None:
    gateway, ledger = set_up(payment_asked(), ok(CHANGED))
    gateway.client().tiers.set("prototype", purchase=ledger.purchase(), idempotency_key="key-1")
    first, second = gateway.requests
    assert (second.method, str(second.url), second.content) == (first.method, str(first.url), first.content)
    assert second.content == b"{}"
    assert [request.headers["Idempotency-Key"] for request in gateway.requests] == ["key-1", "key-1"]
    assert first.headers["SIGN-IN-WITH-X"] != second.headers["SIGN-IN-WITH-X"]
    assert "PAYMENT-SIGNATURE" not in first.headers
    assert second.headers["PAYMENT-SIGNATURE"] == ledger.payments[0].header


def test_nothing_is_signed_when_the_gateway_does_not_ask() -> None:
    gateway, ledger = set_up(ok(CHANGED))
    paid = gateway.client().tiers.set("prototype", purchase=ledger.purchase())
    assert (paid.outcome, paid.payment, ledger.payments) == ("not_needed", None, [])


def test_nothing_is_sent_when_recording_fails() -> None:
    gateway = Gateway(payment_asked())
    ledger = Ledger(gateway, failing=RuntimeError("disk full"))
    with pytest.raises(RuntimeError, match="disk full"):
        gateway.client().tiers.set("prototype", purchase=ledger.purchase())
    assert len(gateway.requests) == 1


def test_price_above_the_cap_is_refused_before_anything_is_signed() -> None:
    gateway, ledger = set_up(payment_asked())
    with pytest.raises(errors.PaymentRefused) as refused:
        gateway.client().tiers.set("prototype", purchase=ledger.purchase(max_micros=99_999))
    assert refused.value.details["reasons"] == ["eip155:84532: amount"]
    assert (len(gateway.requests), ledger.payments) == (1, [])


@pytest.mark.parametrize(
    "document",
    [
        challenge(mainnet_requirement()),
        challenge(requirement(asset="0x" + "22" * 20)),
        challenge(resource={"url": f"{BASE}/tiers/v1/team"}),
        challenge(accepts=[]),
        challenge(accepts=["exact", None]),
    ],
)
def test_challenge_that_is_not_ours_to_pay_is_refused(document: dict[str, Any]) -> None:
    gateway, ledger = set_up(payment_asked(document))
    with pytest.raises(errors.PaymentRefused):
        gateway.client().tiers.set("prototype", purchase=ledger.purchase())
    assert (len(gateway.requests), ledger.payments) == (1, [])


def test_resource_is_checked_even_when_a_policy_does_not_care() -> None:
    class Careless:
        def choose(self, challenge: x402.Challenge, *, asked_url: str) -> Any:
            return challenge.accepts[0]

    gateway, ledger = set_up(payment_asked(challenge(resource={"url": "https://evil.example/"})))
    with pytest.raises(errors.PaymentRefused):
        gateway.client().tiers.set("prototype", purchase=x402.Purchase(Careless(), ledger.record))
    assert ledger.payments == []


def test_without_a_purchase_the_challenge_comes_as_an_error_and_nothing_is_signed() -> None:
    gateway = Gateway(payment_asked())
    with pytest.raises(errors.PaymentRequired) as required:
        gateway.client().tiers.set("prototype")
    assert required.value.challenge == x402.Challenge(challenge())
    assert required.value.hint is None
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("with_purchase", [True, False])
def test_402_without_a_readable_challenge_is_reported_with_its_body_and_the_clock(
    with_purchase: bool,
) -> None:
    gateway, ledger = set_up(httpx.Response(402, json={"message": "Bad proof.", "hint": "Sign again."}))
    purchase = ledger.purchase() if with_purchase else None
    with pytest.raises(errors.PaymentRequired) as required:
        gateway.client().tiers.set("prototype", purchase=purchase)
    assert (required.value.challenge, required.value.message) == (None, "Bad proof.")
    assert required.value.hint == f"Sign again. {CLOCK_HINT}"
    assert ledger.payments == []


def test_402_on_a_free_call_signs_nothing() -> None:
    gateway = Gateway(payment_asked(), payment_asked())
    client = gateway.client()
    for call in (client.tiers.status, lambda: client.projects.provision(name="Guestbook")):
        with pytest.raises(errors.PaymentRequired):
            call()
    assert ["PAYMENT-SIGNATURE" in request.headers for request in gateway.requests] == [False, False]


def test_402_for_a_frozen_project_does_not_blame_the_clock() -> None:
    gateway = Gateway(httpx.Response(402, json={"code": "PROJECT_FROZEN", "message": "Frozen."}))
    with pytest.raises(errors.PaymentRequired) as required:
        gateway.client().tiers.status()
    assert (required.value.code, required.value.hint) == ("PROJECT_FROZEN", None)


def test_402_to_a_client_that_did_not_sign_in_does_not_blame_the_clock() -> None:
    gateway = Gateway(httpx.Response(402, json={}))
    with pytest.raises(errors.PaymentRequired) as required:
        gateway.client(signer=None).tiers.status()
    assert required.value.hint is None


def test_purchase_without_a_signer_is_a_mistake_of_the_caller() -> None:
    gateway, ledger = set_up(payment_asked())
    with pytest.raises(ValueError, match="needs a client with a signer"):
        gateway.client(signer=None).tiers.set("prototype", purchase=ledger.purchase())


@pytest.mark.parametrize(
    "second",
    [
        payment_asked,
        lambda: httpx.Response(402, json={}),
        lambda: httpx.Response(402, json={"code": "payment_insufficient_funds"}),
        lambda: httpx.Response(
            402, json={"code": "X"}, headers=receipt(success=False, errorReason="no funds")
        ),
    ],
)
def test_first_presentation_turned_down_is_rejected(second: Callable[[], httpx.Response]) -> None:
    error = unsettled(payment_asked(), second())
    assert (error.outcome, error.code, error.mutation_state) == ("rejected", "PAYMENT_REJECTED", "none")
    assert isinstance(error.cause, errors.PaymentRequired)


@pytest.mark.parametrize(
    "second",
    [
        lambda: httpx.ReadTimeout("late"),
        lambda: httpx.ReadError("gone"),
        lambda: httpx.ConnectError("refused"),
        lambda: httpx.RemoteProtocolError("disconnected"),
        lambda: httpx.Response(500, json={"message": "Oops."}),
        lambda: httpx.Response(409, json={"code": "PAYMENT_INTENT_PENDING"}),
        lambda: httpx.Response(200, text="not json"),
        lambda: ok({"action": "subscribe"}),
        lambda: ok(CHANGED, headers=receipt(success=False)),
        lambda: ok(CHANGED, headers=receipt(payer="0x" + "99" * 20)),
        lambda: ok(CHANGED, headers=receipt(network="eip155:8453")),
        lambda: httpx.Response(402, json={"code": "QUOTA_EXCEEDED"}),
        lambda: httpx.Response(402, json={}, headers=receipt(success=True)),
    ],
)
def test_every_other_failure_after_paying_is_unknown(second: Callable[[], Reply]) -> None:
    error = unsettled(payment_asked(), second())
    assert (error.outcome, error.code, error.mutation_state) == (
        "unknown",
        "PAYMENT_OUTCOME_UNKNOWN",
        "unknown",
    )
    assert (error.retryable, error.safe_to_retry) == (False, False)
    assert error.payment.amount_micros == 100_000


def test_unsettled_payment_keeps_the_receipt_and_the_cause_but_shows_no_header() -> None:
    error = unsettled(
        payment_asked(), httpx.Response(402, json={}, headers=receipt(success=False, errorReason="x"))
    )
    assert error.receipt is not None
    assert error.receipt["errorReason"] == "x"
    assert error.payment.header not in f"{error!r} {error} {error.envelope()}"


def test_held_payment_is_presented_again_and_no_second_one_is_signed() -> None:
    held = held_payment()
    gateway, ledger = set_up(
        payment_asked(challenge(requirement(amount="100"))), ok(CHANGED, headers=receipt())
    )
    paid = gateway.client().tiers.set("prototype", purchase=ledger.purchase(held), idempotency_key="key-1")
    assert (paid.outcome, paid.payment, ledger.payments) == ("settled", held, [])
    assert gateway.last.headers["PAYMENT-SIGNATURE"] == held.header
    assert len({request.headers["SIGN-IN-WITH-X"] for request in gateway.requests}) == 2


@pytest.mark.parametrize(
    "replies",
    [
        [httpx.ConnectError("refused")],
        [httpx.Response(503, json={})],
        [httpx.Response(402, json={})],
        [payment_asked(), payment_asked()],
        [payment_asked(), httpx.Response(402, json={}, headers=receipt(success=False))],
        [payment_asked(challenge(resource={"url": "https://evil.example/"}))],
    ],
)
def test_any_failure_with_a_held_payment_leaves_its_outcome_unknown(replies: list[Reply]) -> None:
    """It was presented before: a refusal now proves nothing about then."""
    held = held_payment()
    error = unsettled(*replies, held=held)
    assert (error.outcome, error.payment) == ("unknown", held)


def test_held_payment_that_is_not_asked_for_is_named_for_the_ledger_to_check() -> None:
    held = held_payment()
    gateway, ledger = set_up(ok(CHANGED))
    paid = gateway.client().tiers.set("prototype", purchase=ledger.purchase(held))
    assert (paid.outcome, paid.payment, len(gateway.requests)) == ("not_needed", held, 1)


def test_replayed_answer_with_a_receipt_settles_the_held_payment() -> None:
    held = held_payment()
    gateway, ledger = set_up(ok(CHANGED, headers=receipt()))
    paid = gateway.client().tiers.set("prototype", purchase=ledger.purchase(held))
    assert (paid.outcome, paid.payment) == ("settled", held)


@pytest.mark.parametrize("other", [{"payer": "0x" + "99" * 20}, {"network": "eip155:8453"}])
def test_a_receipt_for_another_payment_settles_no_held_one(other: dict[str, str]) -> None:
    held = held_payment()
    gateway, ledger = set_up(ok(CHANGED, headers=receipt(**other)))
    paid = gateway.client().tiers.set("prototype", purchase=ledger.purchase(held))
    assert (paid.outcome, paid.payment) == ("not_needed", held)


def test_failure_before_anything_was_signed_is_the_plain_error() -> None:
    gateway, ledger = set_up(httpx.Response(503, json={"retryable": True, "safe_to_retry": True}))
    with pytest.raises(errors.ServerError) as raised:
        gateway.client().tiers.set("prototype", purchase=ledger.purchase())
    assert (raised.value.retryable, raised.value.safe_to_retry) == (True, True)


def test_payment_is_dated_by_the_clients_clock_and_its_nonces_are_fresh() -> None:
    payments = [held_payment(), held_payment()]
    assert [payment.valid_before for payment in payments] == [int(NOON) + 300] * 2
    assert len({payment.nonce for payment in payments}) == 2

"""Paying by MPP: what holds without the extra installed. The rest is proven by `make conformance` (part mpp)."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import httpx
import pytest

from run402 import errors, mpp
from run402.mpp import payer as paying
from tests.run402.tempo import BASE, HASH, KEY, NOW, SIGNED, Node, Shop, challenge, succeeded


@pytest.fixture
def signing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for the extra: signs without it, and remembers for which challenge."""
    signed: list[str] = []

    def sign(
        key: bytes, charge: mpp.Charge, policy: mpp.CapPolicy, *, rpc_url: str, now: float
    ) -> mpp.SignedCharge:
        signed.append(charge.parameters["id"])
        return replace(SIGNED, header=charge.header)

    monkeypatch.setattr(paying, "sign", sign)
    monkeypatch.setattr(paying, "require_extra", lambda: None)
    return signed


def test_paying_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpp", None)
    shop = Shop(succeeded)
    with pytest.raises(mpp.ExtraMissing) as raised:
        shop.payer(Node()).call("POST", "/tiers/v1/prototype", {})
    assert "requirements-mpp.txt" in raised.value.message
    assert raised.value.mutation_state == "not_started"
    assert len(shop.requests) == 1


def test_call_that_costs_is_paid_once_and_settled(signing: list[str]) -> None:
    shop, stored = Shop(succeeded), list[mpp.SignedCharge]()
    answered = shop.payer(Node(), stored).call("POST", "/tiers/v1/prototype", {"a": 1}, idempotency_key="one")
    assert (answered.status, answered.body, answered.settlement.outcome) == (
        200,
        {"tier": "prototype"},
        "settled",
    )
    assert answered.settlement.receipt == {"method": "tempo", "reference": HASH, "status": "success"}
    assert (stored, signing) == ([SIGNED], ["id-1"])
    assert [request.headers.get("authorization") for request in shop.requests] == [None, SIGNED.credential]
    assert {(request.content, request.headers["idempotency-key"]) for request in shop.requests} == {
        (b'{"a":1}', "one")
    }


def test_nothing_leaves_when_storing_fails(signing: list[str]) -> None:
    def fail(charge: mpp.SignedCharge) -> None:
        raise OSError("disk full")

    shop = Shop(succeeded)
    transport = httpx.MockTransport(shop)
    payer = mpp.Payer(BASE, key=KEY, policy=mpp.CapPolicy(100_000), before_send=fail, transport=transport,
                      chain=Node().chain, clock=lambda: NOW)  # fmt: skip
    with pytest.raises(OSError, match="disk full"):
        payer.call("GET", "/paid")
    assert len(shop.requests) == 1


def test_call_that_costs_nothing_is_not_paid(signing: list[str]) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={}))
    payer = mpp.Payer(BASE, key=KEY, policy=mpp.CapPolicy(1), before_send=print, transport=transport)
    assert payer.call("GET", "/free").settlement == mpp.Settlement("not_needed")
    assert signing == []


@pytest.mark.parametrize(
    ("answer", "receipt", "block_time", "outcome", "code"),
    [
        (httpx.Response(402, json={}), None, 0, "unknown", "PAYMENT_OUTCOME_UNKNOWN"),
        (httpx.Response(402, json={}), None, 30, "rejected", "PAYMENT_REJECTED"),
        (httpx.Response(500, json={}), None, 0, "unknown", "PAYMENT_OUTCOME_UNKNOWN"),
        (httpx.Response(500, json={}), {"status": "0x1"}, 0, "settled", "PAID_CALL_FAILED"),
        (httpx.Response(500, json={}), {"status": "0x0"}, 0, "rejected", "PAYMENT_REJECTED"),
    ],
)
def test_outcome_of_a_failure_is_what_the_chain_says(
    signing: list[str], answer: httpx.Response, receipt: Any, block_time: int, outcome: str, code: str
) -> None:
    node = Node(
        eth_getTransactionReceipt=receipt, eth_getBlockByNumber={"timestamp": hex(int(NOW) + block_time)}
    )
    with pytest.raises(mpp.ChargeUnsettled) as raised:
        Shop(lambda: answer).payer(node).call("GET", "/paid")
    assert (raised.value.settlement.outcome, raised.value.code) == (outcome, code)
    assert raised.value.settlement.payment == SIGNED
    assert "secret" not in str(raised.value.envelope()) + repr(raised.value)


def test_lost_answer_leaves_the_outcome_unknown_and_no_second_one_is_signed(signing: list[str]) -> None:
    def lost() -> httpx.Response:
        raise httpx.ReadTimeout("lost")

    node = Node()
    payer = Shop(lost).payer(node)
    with pytest.raises(mpp.ChargeUnsettled) as raised:
        payer.call("GET", "/paid")
    assert raised.value.settlement.outcome == "unknown"
    with pytest.raises(errors.PaymentRefused) as refused:
        payer.call("GET", "/paid")
    assert refused.value.details == {"reasons": ["open"], "transaction_hash": HASH}
    assert signing == ["id-1"]


def test_held_payment_is_presented_again_and_none_is_signed(signing: list[str]) -> None:
    shop = Shop(succeeded)
    answered = shop.payer(Node()).call("GET", "/paid", held=SIGNED)
    assert (answered.settlement.outcome, answered.settlement.payment, signing) == ("settled", SIGNED, [])


def test_success_without_a_receipt_is_for_the_chain_to_say(signing: list[str]) -> None:
    shop = Shop(lambda: httpx.Response(200, json={}))
    assert shop.payer(Node()).call("GET", "/paid").settlement.outcome == "unknown"
    node = Node(eth_getTransactionReceipt={"status": "0x1"})
    assert shop.payer(node).call("GET", "/paid").settlement.outcome == "settled"


def test_call_with_a_service_key_is_paid_only_in_a_header_of_its_own(signing: list[str]) -> None:
    headers = {"authorization": "Bearer key"}
    with pytest.raises(errors.PaymentRefused) as raised:
        Shop(succeeded).payer(Node()).call("GET", "/paid", headers=headers)
    assert (raised.value.details, signing) == ({"reasons": ["header"]}, [])
    shop = Shop(succeeded, challenge(header="Payment-Authorization"))
    with pytest.raises(mpp.ChargeUnsettled):  # this shop looks at the other header only
        shop.payer(Node()).call("GET", "/paid", headers=headers)
    assert shop.requests[1].headers["authorization"] == "Bearer key"
    assert shop.requests[1].headers["payment-authorization"] == SIGNED.credential


def test_redirect_gets_no_credential(signing: list[str]) -> None:
    shop = Shop(lambda: httpx.Response(302, headers={"Location": "https://elsewhere.example"}))
    with pytest.raises(mpp.ChargeUnsettled):
        shop.payer(Node()).call("GET", "/paid")
    assert {request.url.host for request in shop.requests} == {"api.example.com"}


def test_402_without_mpp_is_the_gateways_own_error(signing: list[str]) -> None:
    with pytest.raises(errors.PaymentRequired):
        Shop(succeeded, 'Basic realm="x"').payer(Node()).call("GET", "/paid")

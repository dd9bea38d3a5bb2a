"""Paying by MPP: what holds without the extra installed. The rest is proven by `make conformance` (part mpp)."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from run402 import errors, mpp
from run402.mpp import payer as paying

BASE = "https://api.example.com"
KEY = bytes(31) + b"\x01"
ALICE = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
BOB = "0x00000000000000000000000000000000000000b0"
HASH = "0x" + "ab" * 32
EXPIRES = "2027-01-15T08:00:30Z"  # half a minute after NOW
NOW = 1_800_000_000.0
REQUEST = {
    "amount": "100000",
    "currency": mpp.PATH_USD,
    "recipient": BOB,
    "methodDetails": {"chainId": mpp.CHAIN_ID},
}
SIGNED = mpp.SignedCharge(
    credential="Payment secret-of-alice",
    header="Authorization",
    transaction_hash=HASH,
    valid_before=int(NOW) + 30,
    amount_micros=100_000,
    max_fee_micros=11_000,
    chain_id=mpp.CHAIN_ID,
    currency=mpp.PATH_USD,
    recipient=BOB,
    payer=ALICE,
    challenge_id="id-1",
)


def encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def challenge(request: Any = REQUEST, **parameters: str) -> str:
    told = {
        "id": "id-1",
        "realm": "api.example.com",
        "method": "tempo",
        "intent": "charge",
        "expires": EXPIRES,
    }
    told |= {"request": encoded(request), **parameters}
    return "Payment " + ", ".join(f'{name}="{value}"' for name, value in told.items())


class Node:
    """A JSON-RPC provider of Moderato."""

    def __init__(self, **results: Any) -> None:
        self.results: dict[str, Any] = {
            "eth_chainId": hex(mpp.CHAIN_ID),
            "eth_getBlockByNumber": {"timestamp": hex(int(NOW))},
            "eth_getTransactionReceipt": None,
            **results,
        }
        self.calls: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = json.loads(request.content)
        self.calls.append(call)
        result = self.results[call["method"]]
        if isinstance(result, Exception):
            raise result
        body = result if isinstance(result, dict) and "error" in result else {"result": result}
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": call["id"], **body})

    @property
    def chain(self) -> mpp.Tempo:
        return mpp.Tempo(transport=httpx.MockTransport(self))


def test_rail_is_the_one_of_the_contract() -> None:
    assert (mpp.CHAIN_ID, mpp.RPC_URL, mpp.DECIMALS) == (42431, "https://rpc.moderato.tempo.xyz", 6)
    assert mpp.PATH_USD == "0x20c0000000000000000000000000000000000000"


def test_balance_is_asked_of_path_usd_on_the_right_chain() -> None:
    node = Node(eth_call=f"0x{250_000:064x}")
    assert node.chain.balance(ALICE) == 250_000
    assert [call["method"] for call in node.calls] == ["eth_chainId", "eth_call"]
    data = "0x70a08231" + "0" * 24 + ALICE[2:].lower()
    assert node.calls[1]["params"] == [{"to": mpp.PATH_USD, "data": data}, "latest"]


@pytest.mark.parametrize(
    "results",
    [
        {"eth_call": "0x"},
        {"eth_call": None},
        {"eth_call": "0x" + "f" * 64},
        {"eth_call": {"error": {"message": "no"}}},
        {"eth_call": httpx.ConnectError("no")},
        {"eth_call": f"0x{1:064x}", "eth_chainId": "0x1"},
        {"eth_call": f"0x{1:064x}", "eth_chainId": 42431},
    ],
)
def test_balance_that_cannot_be_read_is_unknown_and_not_zero(results: dict[str, Any]) -> None:
    with pytest.raises(errors.BalanceUnknown):
        Node(**results).chain.balance(ALICE)


def test_faucet_answers_with_the_hashes_of_its_transactions() -> None:
    node = Node(tempo_fundAddress=[HASH, HASH])
    assert node.chain.fund(ALICE) == (HASH, HASH)
    assert node.calls == [{"jsonrpc": "2.0", "id": 1, "method": "tempo_fundAddress", "params": [ALICE]}]


@pytest.mark.parametrize("answer", [{"error": {"message": "Drawn recently."}}, None, "0x1", [1]])
def test_faucet_that_gives_nothing_says_so(answer: Any) -> None:
    with pytest.raises(errors.Run402Error) as raised:
        Node(tempo_fundAddress=answer).chain.fund(ALICE)
    assert raised.value.code == "FAUCET_FAILED"
    told = "Drawn recently." if isinstance(answer, dict) else "The faucet gave no transactions."
    assert raised.value.message == told


@pytest.mark.parametrize("address", ["", "0x1", ALICE[:-1], ALICE + "0", "x" * 42])
def test_address_that_cannot_be_is_not_asked_for(address: str) -> None:
    node = Node()
    for ask in (node.chain.balance, node.chain.fund):
        with pytest.raises(ValueError, match="40 hexadecimal"):
            ask(address)
    assert node.calls == []


@pytest.mark.parametrize(
    ("receipt", "block_time", "landed"),
    [
        ({"status": "0x1"}, 0, True),
        ({"status": "0x0"}, 0, False),
        (None, 29, None),
        (None, 30, False),
    ],
)
def test_transfer_is_given_up_only_when_no_block_can_hold_it_any_more(
    receipt: Any, block_time: int, landed: bool | None
) -> None:
    block = {"timestamp": hex(int(NOW) + block_time)}
    chain = Node(eth_getTransactionReceipt=receipt, eth_getBlockByNumber=block).chain
    assert chain.landed(HASH, valid_before=SIGNED.valid_before) is landed


def test_challenges_are_read_from_between_others() -> None:
    header = f'Basic realm="a, Payment b", {challenge()}, Bearer, {challenge(description="x, y")}'
    charges = mpp.parse_charges([header, challenge()])
    assert [charge.parameters.get("description") for charge in charges] == [None, "x, y", None]
    assert [charge.amount_micros for charge in charges] == [100_000] * 3
    assert charges[0].text == challenge()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Payment",
        'Payment request="',
        'Payment request="!!"',
        f'Payment request="{encoded([])}"',
        challenge() + ', request="' + encoded(REQUEST | {"amount": "1"}) + '"',
        "Payment " + "a" * 20_000,
    ],
)
def test_challenge_that_cannot_be_read_or_read_in_two_ways_is_none(header: str) -> None:
    assert mpp.parse_charges([header]) == ()


def test_sound_charge_is_chosen() -> None:
    (charge,) = mpp.parse_charges([challenge()])
    assert mpp.CapPolicy(100_000).choose([charge], now=NOW) == charge
    assert (
        mpp.CapPolicy(100_000, recipients=frozenset({BOB.upper().replace("0X", "0x")})).objections(charge)
        == []
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"amount": "100001"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": 100}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"currency": ALICE}, "currency"),
        ({"recipient": "0x1"}, "recipient"),
        ({"methodDetails": {"chainId": 4217}}, "chainId"),
        ({"methodDetails": {}}, "chainId"),
        ({"methodDetails": {"chainId": mpp.CHAIN_ID, "splits": [{}]}}, "splits"),
        ({"methodDetails": {"chainId": mpp.CHAIN_ID, "feePayer": True}}, "feePayer"),
        ({"methodDetails": {"chainId": mpp.CHAIN_ID, "memo": "0x1"}}, "memo"),
    ],
)
def test_charge_that_differs_in_one_thing_is_refused_by_its_name(
    changed: dict[str, Any], reason: str
) -> None:
    charges = mpp.parse_charges([challenge({**REQUEST, **changed})])
    with pytest.raises(errors.PaymentRefused) as raised:
        mpp.CapPolicy(100_000).choose(charges, now=NOW)
    assert raised.value.details["reasons"] == [f"tempo: {reason}"]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"method": "stripe"}, "stripe: method"),
        ({"intent": "session"}, "tempo: intent"),
        ({"expires": "2027-01-15T08:00:00Z"}, "tempo: expires"),
        ({"expires": "2027-01-15T08:00:30"}, "tempo: expires"),
        ({"expires": ""}, "tempo: expires"),
        ({"header": "Cookie"}, "tempo: header"),
    ],
)
def test_challenge_of_another_kind_is_refused(parameters: dict[str, str], reason: str) -> None:
    with pytest.raises(errors.PaymentRefused) as raised:
        mpp.CapPolicy(100_000).choose(mpp.parse_charges([challenge(**parameters)]), now=NOW)
    assert raised.value.details["reasons"] == [reason]


def test_signed_charge_survives_storing_and_hides_its_credential() -> None:
    assert mpp.SignedCharge.from_json(SIGNED.to_json()) == SIGNED
    assert "secret" not in repr(SIGNED)
    for text in ("{}", "[]", "1"):
        with pytest.raises(ValueError, match="not a stored payment"):
            mpp.SignedCharge.from_json(text)


class Shop:
    """A gateway that asks for money until a credential comes, and then answers with `paid`."""

    def __init__(self, paid: Callable[[], httpx.Response], asking: str = challenge()) -> None:
        self.paid = paid
        self.asking = asking
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.headers.get("authorization", "").startswith("Payment "):
            return self.paid()
        return httpx.Response(
            402, headers={"WWW-Authenticate": self.asking}, json={"title": "Payment Required"}
        )

    def payer(self, node: Node, stored: list[mpp.SignedCharge] | None = None) -> mpp.Payer:
        return mpp.Payer(
            BASE,
            key=KEY,
            policy=mpp.CapPolicy(100_000),
            before_send=(stored if stored is not None else []).append,
            chain=node.chain,
            transport=httpx.MockTransport(self),
            clock=lambda: NOW,
        )


def succeeded() -> httpx.Response:
    receipt = encoded({"method": "tempo", "reference": HASH, "status": "success"})
    return httpx.Response(200, json={"tier": "prototype"}, headers={"Payment-Receipt": receipt})


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

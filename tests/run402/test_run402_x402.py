"""Challenges, policies and signatures. The signature is the worked example of the contract (identity 3.4)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from run402 import LocalSigner, errors, x402
from run402.x402.challenge import MAX_CHALLENGE_CHARACTERS
from tests.run402.gateways import (
    ALICE,
    ALICE_KEY,
    BASE,
    NOON,
    PAYEE,
    challenge,
    decoded,
    encoded,
    mainnet_requirement,
    requirement,
)

ASKED = f"{BASE}/tiers/v1/prototype"
NONCE = b"\x22" * 32

PUBLISHED_PAYLOAD = (
    '{"x402Version":2,"payload":{"authorization":{"from":"0xc06d73162E9BffbCfBF1DA59C511002A8F9155E5",'
    '"to":"0x059D091D51a0f011c9872EaA63Df538F5cE15945","value":"100000","validAfter":"1779364200",'
    '"validBefore":"1779365100",'
    '"nonce":"0x2222222222222222222222222222222222222222222222222222222222222222"},'
    '"signature":"0xa71a611088c8cdde93ff05df15499a991a6857dd1cad34321513a144f55bf0291e46708f97ea2abe4223e412574923'
    '2c4e2c325b489ee7a45a5beb18e9c261871c"},"resource":{"url":"https://api.run402.com/tiers/v1/prototype"},'
    '"accepted":{"scheme":"exact","network":"eip155:84532","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e",'
    '"amount":"100000","payTo":"0x059D091D51a0f011c9872EaA63Df538F5cE15945","maxTimeoutSeconds":300,'
    '"extra":{"name":"USDC","version":"2"}}}'
)


def asked(*accepts: dict[str, Any], **changes: Any) -> x402.Challenge:
    return x402.Challenge(challenge(*accepts, **changes))


def signed(offered: dict[str, Any], **changes: Any) -> x402.SignedPayment:
    return x402.sign(LocalSigner(ALICE_KEY), asked(offered, **changes), offered, now=int(NOON), nonce=NONCE)


def test_header_equals_the_published_example_byte_for_byte() -> None:
    payment = x402.sign(
        LocalSigner(ALICE_KEY),
        asked(),
        requirement(),
        now=int(NOON),
        nonce=NONCE,
        valid_after=int(NOON) - 600,
    )
    assert base64.b64decode(payment.header).decode() == PUBLISHED_PAYLOAD


def test_key_order_is_that_of_the_typescript_client_with_extensions_before_resource() -> None:
    payload = decoded(signed(requirement(), extensions={"bazaar": {}}).header)
    assert list(payload) == ["x402Version", "payload", "extensions", "resource", "accepted"]
    assert list(payload["payload"]) == ["authorization", "signature"]
    assert list(payload["payload"]["authorization"]) == [
        "from", "to", "value", "validAfter", "validBefore", "nonce",
    ]  # fmt: skip


def test_requirement_comes_back_verbatim_with_keys_nobody_knows() -> None:
    offered = requirement(description="a tier – é", payTo=PAYEE.lower(), later={"a": [1, None]})
    payload = decoded(signed(offered).header)
    assert json.dumps(payload["accepted"]) == json.dumps(offered)
    assert payload["payload"]["authorization"]["to"] == PAYEE


def test_signed_payment_says_what_it_is_worth_and_hides_its_header() -> None:
    payment = signed(requirement())
    assert (payment.amount_micros, payment.payer, payment.payee, payment.network, payment.valid_after) == (
        100_000, ALICE, PAYEE, "eip155:84532", 0,
    )  # fmt: skip
    assert payment.valid_before == int(NOON) + 300
    assert payment.header not in repr(payment)


def test_stored_payment_is_read_back_equal() -> None:
    payment = signed(requirement(description="é"))
    assert x402.SignedPayment.from_json(payment.to_json()) == payment


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"header": "x"}'])
def test_what_is_no_stored_payment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        x402.SignedPayment.from_json(text)


@pytest.mark.parametrize("style", ["standard", "urlsafe", "unpadded"])
def test_challenge_is_read_from_any_base64(style: str) -> None:
    raw = json.dumps(challenge(error="??>>~~")).encode()
    header = base64.b64encode(raw) if style == "standard" else base64.urlsafe_b64encode(raw)
    text = header.decode().rstrip("=") if style == "unpadded" else header.decode()
    read = x402.parse_challenge({"payment-required": text}, b"")
    assert read is not None
    assert read.raw == challenge(error="??>>~~")


def test_challenge_is_read_from_the_body_when_there_is_no_header() -> None:
    read = x402.parse_challenge({}, json.dumps(challenge()).encode())
    assert read == asked()


@pytest.mark.parametrize(
    "header",
    [
        "***",
        "é",
        "",
        encoded({}),
        encoded([]),
        encoded({"x402Version": 1, "accepts": []}),
        encoded({"x402Version": 2, "accepts": {}}),
        base64.b64encode(b"[" * 9000).decode(),
        base64.b64encode(b'{"x402Version": 2, "accepts": [NaN]}').decode(),
        encoded(challenge(extensions={"filler": "x" * MAX_CHALLENGE_CHARACTERS})),
    ],
)
def test_unreadable_old_or_oversized_challenge_is_none(header: str) -> None:
    assert x402.parse_challenge({"payment-required": header}, json.dumps(challenge()).encode()) is None


def test_policy_prefers_its_own_network_to_the_servers_order() -> None:
    offered = asked(mainnet_requirement(), requirement())
    assert x402.CapPolicy(100_000).choose(offered, asked_url=ASKED) == requirement()
    both = x402.CapPolicy(100_000, networks=(x402.TESTNET, x402.MAINNET))
    assert both.choose(offered, asked_url=ASKED) == requirement()


def test_policy_pays_on_mainnet_only_when_told() -> None:
    offered = asked(mainnet_requirement())
    with pytest.raises(errors.PaymentRefused) as refused:
        x402.CapPolicy(100_000).choose(offered, asked_url=ASKED)
    assert refused.value.details["reasons"] == ["eip155:8453: network"]
    told = x402.CapPolicy(100_000, networks=(x402.MAINNET,))
    assert told.choose(offered, asked_url=ASKED) == mainnet_requirement()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scheme": "upto"}, "scheme"),
        ({"network": "eip155:1"}, "network, asset, extra"),
        ({"network": ["eip155:84532"]}, "network, asset, extra"),
        ({"asset": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"}, "asset"),
        ({"amount": "100001"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": 100000}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "٣"}, "amount"),
        ({"amount": "9" * 5000}, "amount"),
        ({"payTo": "0x00"}, "payTo"),
        ({"payTo": None}, "payTo"),
        ({"maxTimeoutSeconds": 301}, "maxTimeoutSeconds"),
        ({"maxTimeoutSeconds": True}, "maxTimeoutSeconds"),
        ({"maxTimeoutSeconds": 0}, "maxTimeoutSeconds"),
        ({"extra": {"name": "Other Dollar", "version": "2"}}, "extra"),
        ({"extra": {"assetTransferMethod": "permit2"}}, "extra"),
        ({"extra": "USDC"}, "extra"),
    ],
)
def test_requirement_outside_the_pins_or_the_cap_is_refused_by_name(
    change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(errors.PaymentRefused) as refused:
        x402.CapPolicy(100_000).choose(asked(requirement(**change)), asked_url=ASKED)
    assert [line.partition(": ")[2] for line in refused.value.details["reasons"]] == [reason]
    assert refused.value.mutation_state == "not_started"


@pytest.mark.parametrize("extra", [{}, None])
def test_domain_is_pinned_so_it_may_be_missing(extra: dict[str, str] | None) -> None:
    offered = requirement(extra=extra)
    assert decoded(signed(offered).header)["payload"] == decoded(signed(requirement()).header)["payload"]


def test_payees_can_be_limited_in_any_spelling() -> None:
    allowed = x402.CapPolicy(100_000, pay_to=frozenset({PAYEE.lower()}))
    assert allowed.choose(asked(), asked_url=ASKED) == requirement()
    nobody = x402.CapPolicy(100_000, pay_to=frozenset())
    with pytest.raises(errors.PaymentRefused):
        nobody.choose(asked(), asked_url=ASKED)


@pytest.mark.parametrize(
    "resource",
    [
        {"url": "https://evil.example/tiers/v1/prototype"},
        {"url": f"{BASE}/tiers/v1/team"},
        {"url": "/tiers/v1/prototype"},
        {"url": 7},
        {"url": "http://[broken/tiers/v1/prototype"},
        "https://evil.example/",
    ],
)
def test_challenge_for_another_address_is_refused(resource: Any) -> None:
    with pytest.raises(errors.PaymentRefused) as refused:
        x402.CapPolicy(100_000).choose(asked(resource=resource), asked_url=ASKED)
    assert refused.value.details["reasons"] == ["resource"]


@pytest.mark.parametrize("resource", [{"url": ASKED}, {"url": f"{ASKED}?x=1"}, {}, None, {"url": None}])
def test_challenge_for_what_was_asked_or_for_nothing_named_is_fine(resource: Any) -> None:
    chosen = x402.CapPolicy(100_000).choose(asked(resource=resource), asked_url=ASKED)
    assert chosen == requirement()


def test_signing_refuses_another_asset_whatever_a_policy_says() -> None:
    with pytest.raises(errors.PaymentRefused):
        signed(requirement(asset="0x" + "11" * 20))


@pytest.mark.parametrize("header", ["***", encoded([1]), "é", "A" * (MAX_CHALLENGE_CHARACTERS + 4)])
def test_unreadable_receipt_is_none_and_never_an_error(header: str) -> None:
    assert x402.parse_receipt({"payment-response": header}) is None

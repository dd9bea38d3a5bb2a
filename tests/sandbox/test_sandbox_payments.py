from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import x402
from tests.sandbox.sandbox_http import Http, sandbox_over
from tests.sandbox.sandbox_player import MAINNET_USDC, USDC, Player, b64, unb64

TIER = "/tiers/v1/prototype"
PAY_TO = "0x059D091D51a0f011c9872EaA63Df538F5cE15945"


@pytest.fixture
def funded(charlie: Player) -> Player:
    """With a quarter of a test dollar and no tier."""
    assert charlie.draw().status_code == 200
    return charlie


def test_contract_example_verifies() -> None:
    authorization = {
        "from": "0xc06d73162E9BffbCfBF1DA59C511002A8F9155E5",
        "to": PAY_TO,
        "value": "100000",
        "validAfter": "1779364200",
        "validBefore": "1779365100",
        "nonce": "0x" + "22" * 32,
    }
    signature = (
        "0xa71a611088c8cdde93ff05df15499a991a6857dd1cad34321513a144f55bf029"
        "1e46708f97ea2abe4223e4125749232c4e2c325b489ee7a45a5beb18e9c261871c"
    )
    accepted = x402.requirements(100_000)[1]
    header = {
        "x402Version": 2,
        "payload": {"authorization": authorization, "signature": signature},
        "accepted": accepted,
    }
    payment = x402.verify(b64(header), micros=100_000, now=1779364800)
    assert (payment.payer, payment.micros, payment.asset.address) == (authorization["from"], 100_000, USDC)


def test_challenge_lists_mainnet_first(funded: Player) -> None:
    challenge = funded.challenge()
    assert challenge["x402Version"] == 2
    assert challenge["resource"]["url"] == f"{funded.host}{TIER}"
    assert sorted(challenge["extensions"]) == ["bazaar", "sign-in-with-x"]
    common = {"scheme": "exact", "amount": "100000", "payTo": PAY_TO, "maxTimeoutSeconds": 300}
    mainnet = {"network": "eip155:8453", "asset": MAINNET_USDC, "extra": {"name": "USD Coin", "version": "2"}}
    sepolia = {"network": "eip155:84532", "asset": USDC, "extra": {"name": "USDC", "version": "2"}}
    assert challenge["accepts"] == [{**common, **mainnet}, {**common, **sepolia}]


@pytest.mark.parametrize(("asked", "seconds"), [("20", 20), ("3000", 300)])
def test_a_payment_may_be_offered_a_shorter_life_but_no_longer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, seconds: int
) -> None:
    monkeypatch.setenv("SANDBOX_PAYMENT_SECONDS", asked)
    with sandbox_over(tmp_path / "other") as http:
        offers = Player(http).challenge()["accepts"]
    assert [offer["maxTimeoutSeconds"] for offer in offers] == [seconds, seconds]


def test_challenge_tells_how_to_sign_in(funded: Player) -> None:
    extension = funded.challenge()["extensions"]["sign-in-with-x"]
    assert extension["info"]["domain"] == "sandbox.localhost"
    assert extension["info"]["statement"] == "Sign in to Run402"
    assert [chain["chainId"] for chain in extension["supportedChains"]] == ["eip155:8453", "eip155:84532"]


def test_payment_buys_the_tier_and_moves_the_money(funded: Player) -> None:
    response = funded.buy()
    receipt = unb64(response.headers["PAYMENT-RESPONSE"])
    assert (response.status_code, response.json()["action"]) == (200, "subscribe")
    assert receipt == {
        "success": True,
        "transaction": receipt["transaction"],
        "network": "eip155:84532",
        "payer": funded.address,
    }
    assert funded.balance() == 150_000


def test_no_payment_means_a_challenge_and_no_tier(funded: Player) -> None:
    response = funded.ask("POST", TIER, json={})
    assert (response.status_code, response.json()["code"]) == (402, "PAYMENT_REQUIRED")
    assert response.json()["next_actions"] == [{"action": "submit_payment", "type": "submit_payment"}]
    assert funded.ask("GET", "/tiers/v1/status").json()["active"] is False


def refused(player: Player, header: str) -> str:
    """The facilitator's reason; the wallet keeps its money."""
    response = player.buy(header=header)
    assert response.status_code == 402
    assert player.balance() == 250_000
    return str(unb64(response.headers["PAYMENT-REQUIRED"])["error"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"value": 99_999}, "invalid_exact_evm_payload_authorization_value_mismatch"),
        ({"value": 100_001}, "invalid_exact_evm_payload_authorization_value_mismatch"),
        ({"to": USDC}, "invalid_exact_evm_payload_recipient_mismatch"),
        ({"validBefore": int(time.time()) + 2}, "invalid_exact_evm_payload_authorization_valid_before"),
        ({"validAfter": int(time.time()) + 3000}, "invalid_exact_evm_payload_authorization_valid_after"),
    ],
)
def test_wrong_terms_are_refused(funded: Player, changes: dict[str, Any], reason: str) -> None:
    assert refused(funded, funded.pay(funded.sepolia(), **changes)) == reason


def test_payment_of_another_wallet_is_not_taken_for_ours(funded: Player, alice: Player) -> None:
    header = funded.pay(funded.sepolia(), **{"from": alice.address})
    assert refused(funded, header) == "invalid_exact_evm_payload_signature"


def test_altered_signature_is_refused(funded: Player) -> None:
    payload = unb64(funded.pay(funded.sepolia()))
    payload["payload"]["authorization"]["nonce"] = "0x" + "33" * 32
    assert refused(funded, b64(payload)) == "invalid_exact_evm_payload_signature"


@pytest.mark.parametrize("field", ["amount", "payTo", "asset", "network", "scheme"])
def test_requirement_that_was_not_offered_is_refused(funded: Player, field: str) -> None:
    payload = unb64(funded.pay(funded.sepolia()))
    payload["accepted"][field] = "something else"
    assert refused(funded, b64(payload)) == "no_matching_requirement"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("%%%", "invalid_payload"),
        (b64([]), "invalid_payload"),
        (b64({"x402Version": 1}), "invalid_x402_version"),
        (b64({"x402Version": 2}), "no_matching_requirement"),
    ],
)
def test_unreadable_payment_is_refused(funded: Player, header: str, reason: str) -> None:
    assert refused(funded, header) == reason


def test_mainnet_payment_finds_no_funds(funded: Player) -> None:
    response = funded.buy(header=funded.pay(funded.challenge()["accepts"][0]))
    receipt = unb64(response.headers["PAYMENT-RESPONSE"])
    assert (response.status_code, response.json()["code"]) == (402, "INSUFFICIENT_FUNDS")
    assert (receipt["success"], receipt["errorReason"]) == (False, "insufficient_funds")
    assert (receipt["network"], receipt["transaction"]) == ("eip155:8453", "")
    assert funded.balance() == 250_000


def test_empty_wallet_pays_nothing(charlie: Player) -> None:
    response = charlie.buy()
    assert unb64(response.headers["PAYMENT-RESPONSE"])["errorReason"] == "insufficient_funds"
    assert charlie.ask("GET", "/tiers/v1/status").json()["tier"] is None


def test_used_nonce_is_refused(funded: Player) -> None:
    header = funded.pay(funded.sepolia())
    assert funded.buy(header=header).status_code == 200
    again = funded.buy(header=header)
    assert again.status_code == 402
    assert again.json()["details"]["reason"] == "invalid_exact_evm_nonce_already_used"
    assert funded.balance() == 150_000


def test_same_payment_under_the_same_key_gets_the_first_answer(funded: Player) -> None:
    header = funded.pay(funded.sepolia())
    first = funded.buy(header=header, key="one")
    second = funded.buy(header=header, key="one")
    assert (second.status_code, second.json()) == (200, first.json())
    assert second.headers["PAYMENT-RESPONSE"] == first.headers["PAYMENT-RESPONSE"]
    assert funded.balance() == 150_000


def test_new_payment_under_an_answered_key_is_not_settled(funded: Player) -> None:
    first = funded.buy(key="one")
    second = funded.buy(key="one", header=funded.pay(x402.requirements(100_000)[1]))
    assert second.json() == first.json()
    assert funded.balance() == 150_000


def test_unpaid_repeat_under_an_answered_key_gets_the_first_answer(funded: Player) -> None:
    first = funded.buy(key="one")
    assert funded.ask("POST", TIER, json={}, key="one").json() == first.json()


def test_key_of_another_request_is_refused(funded: Player) -> None:
    assert funded.buy(key="one").status_code == 200
    other = funded.ask("POST", TIER, json={"else": True}, key="one")
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_two_wallets_may_use_the_same_key(funded: Player, alice: Player) -> None:
    assert funded.buy(key="one").json()["wallet"] == funded.address
    assert alice.buy(key="one").json()["wallet"] == alice.address


def test_lost_settlement_is_finished_by_the_same_payment(http: Http, funded: Player) -> None:
    header = funded.pay(funded.sepolia())
    http.turn(do="lose_settlement")
    with pytest.raises(httpx.RemoteProtocolError):
        funded.buy(header=header, key="one")
    assert funded.balance() == 150_000
    assert funded.ask("GET", "/tiers/v1/status").json()["tier"] is None

    assert funded.buy(header=header, key="two").status_code == 402
    done = funded.buy(header=header, key="one")
    assert (done.status_code, done.json()["tier"]) == (200, "prototype")
    assert unb64(done.headers["PAYMENT-RESPONSE"])["success"] is True
    assert funded.balance() == 150_000


def test_payments_at_the_same_moment_settle_once(funded: Player) -> None:
    header = funded.pay(funded.sepolia())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: funded.buy(header=header, key="one"), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert funded.balance() == 150_000

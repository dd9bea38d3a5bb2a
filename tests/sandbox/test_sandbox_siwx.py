from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox import siwx
from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Player, b64, iso, unb64

STATUS = "/tiers/v1/status"
# The worked example of the contract, identity 2.4.
EXAMPLE = {
    "domain": "api.run402.com",
    "address": "0xc06d73162E9BffbCfBF1DA59C511002A8F9155E5",
    "statement": "Sign in to Run402",
    "uri": "https://api.run402.com/tiers/v1/status",
    "version": "1",
    "chainId": "eip155:84532",
    "type": "eip191",
    "nonce": "000102030405060708090a0b0c0d0e0f",
    "issuedAt": "2026-05-21T12:00:00.000Z",
    "expirationTime": "2026-05-21T12:05:00.000Z",
    "signature": "0xbe5b102f51d051fa77daff87104faf101aec7634ae2d2b3b06964b9bad36e806"
    "3c2b702e8b698c9547ef468c63afede03613a735870f6397f8bf81a1beef786e1b",
}
EXAMPLE_NOW = 1779364800.0


def test_contract_example_proves_its_wallet() -> None:
    proof = siwx.verify(b64(EXAMPLE), host="api.run402.com", path=STATUS, now=EXAMPLE_NOW)
    assert proof.address == EXAMPLE["address"]
    assert proof.expires_at == EXAMPLE_NOW + 300


def test_proof_opens_the_status(charlie: Player) -> None:
    response = charlie.ask("GET", STATUS)
    assert (response.status_code, response.json()["wallet"]) == (200, charlie.address)


def ask(http: Http, header: str | None, path: str = STATUS) -> Any:
    return http.get(path, headers={"SIGN-IN-WITH-X": header} if header is not None else {})


def assert_refused(response: Any) -> None:
    """A 402 without payment terms, in the canonical envelope."""
    body = response.json()
    assert (response.status_code, body["code"], body["category"]) == (402, "PAYMENT_REQUIRED", "payment")
    assert "payment-required" not in response.headers
    assert "clock" in body["hint"]
    assert body["next_actions"] == [{"action": "authenticate", "type": "authenticate"}]


@pytest.mark.parametrize(
    "changes",
    [
        {"statement": "Sign in to something else"},
        {"chainId": 84532},
        {"chainId": "eip155:1"},
        {"version": "2"},
        {"type": "eip1271"},
        {"domain": "evil.localhost"},
        {"uri": "http://evil.localhost:8402/tiers/v1/status"},
        {"uri": "http://sandbox.localhost:9999/tiers/v1/status"},
        {"nonce": "short"},
        {"issuedAt": "yesterday"},
        {"signature": "0x" + "11" * 65},
        {"signature": "0x1234"},
        {"signature": "none"},
    ],
)
def test_altered_proof_is_refused(http: Http, charlie: Player, changes: dict[str, Any]) -> None:
    assert_refused(ask(http, charlie.proof(STATUS, **changes)))


def test_proof_of_another_path_is_refused(http: Http, charlie: Player) -> None:
    assert_refused(ask(http, charlie.proof("/tiers/v1/prototype")))


@pytest.mark.parametrize("header", [None, "", "not base64", b64({}), b64([1]), b64("text")])
def test_missing_or_unreadable_proof_is_refused(http: Http, header: str | None) -> None:
    assert_refused(ask(http, header))


def test_proof_without_statement_is_refused(http: Http, charlie: Player) -> None:
    fields = unb64(charlie.proof(STATUS))
    del fields["statement"]
    assert_refused(ask(http, b64(fields)))


def test_address_must_have_its_checksum(http: Http, charlie: Player) -> None:
    assert_refused(ask(http, charlie.proof(STATUS, address=charlie.address.lower())))


def test_another_wallets_address_is_refused(http: Http, alice: Player, charlie: Player) -> None:
    assert_refused(ask(http, charlie.proof(STATUS, address=alice.address)))


def test_clock_that_is_ahead_by_more_than_five_seconds_is_refused(http: Http, charlie: Player) -> None:
    assert ask(http, charlie.proof(STATUS, issuedAt=iso(time.time() + 3))).status_code == 200
    assert_refused(ask(http, charlie.proof(STATUS, issuedAt=iso(time.time() + 30))))


def test_expired_proof_is_refused(http: Http, charlie: Player) -> None:
    past = time.time() - 400
    assert_refused(ask(http, charlie.proof(STATUS, issuedAt=iso(past), expirationTime=iso(past + 300))))


def test_proof_lasts_ten_minutes_at_most(http: Http, charlie: Player) -> None:
    past = time.time() - 700
    assert_refused(ask(http, charlie.proof(STATUS, issuedAt=iso(past), expirationTime=iso(past + 9999))))


def test_nonce_serves_one_address_only(http: Http, charlie: Player) -> None:
    nonce = "a" * 32
    first = charlie.proof(STATUS, nonce=nonce)
    assert ask(http, first).status_code == 200
    assert ask(http, first).status_code == 200
    other = f"/wallets/v1/{charlie.address}/projects"
    assert_refused(ask(http, charlie.proof(other, nonce=nonce), other))


def test_two_wallets_may_have_the_same_nonce(http: Http, alice: Player, charlie: Player) -> None:
    for player in (alice, charlie):
        assert ask(http, player.proof(STATUS, nonce="b" * 32)).status_code == 200

from __future__ import annotations

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Player


def test_faucet_gives_a_quarter_of_a_dollar(charlie: Player) -> None:
    body = charlie.draw().json()
    assert body == {
        "transaction_hash": body["transaction_hash"],
        "amount_usd_micros": 250_000,
        "token": "USDC",
        "network": "base-sepolia",
    }
    assert charlie.balance() == 250_000


def test_second_drip_of_the_day_is_too_soon(charlie: Player) -> None:
    charlie.draw()
    response = charlie.draw()
    assert (response.status_code, response.json()["code"]) == (429, "RATE_LIMITED")
    assert 86_000 < response.json()["retry_after"] <= 86_401
    assert response.headers["Retry-After"] == str(response.json()["retry_after"])
    assert charlie.balance() == 250_000


def test_next_day_brings_another_drip(http: Http, charlie: Player) -> None:
    charlie.draw()
    http.turn(do="clock", seconds=86_500, only="leases")
    assert charlie.draw().status_code == 200
    assert charlie.balance() == 500_000


def test_same_key_drips_once(http: Http, charlie: Player) -> None:
    first, second = (
        http.post("/faucet/v1", json={"address": charlie.address}, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    )
    assert (second.status_code, second.json()) == (200, first.json())
    assert charlie.balance() == 250_000


def test_text_that_is_no_address_is_refused(http: Http) -> None:
    for address in ("", "0x12", "alice", None, 7):
        assert http.post("/faucet/v1", json={"address": address}).status_code == 400


def test_body_that_is_no_json_object_is_refused(http: Http) -> None:
    for body in (b"{", b"[]", b"7"):
        response = http.post("/faucet/v1", content=body)
        assert (response.status_code, response.json()["code"]) == (400, "BAD_JSON")


def test_body_above_five_megabytes_is_refused(http: Http) -> None:
    response = http.post("/faucet/v1", content=b"x" * (5 * 1024 * 1024 + 1))
    assert (response.status_code, response.json()["code"]) == (413, "BODY_TOO_LARGE")

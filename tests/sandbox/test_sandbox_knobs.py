from __future__ import annotations

import time

import httpx
import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player, refs

SITE = {"index.html": b"<h1>A</h1>"}


def test_status_knob_fails_the_named_request_so_often(http: Http) -> None:
    http.turn(do="status", path="/health", method="GET", times=2, status=503, code="STORAGE_UNAVAILABLE")
    answers = [http.get("/health") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    body = answers[0].json()
    assert (body["code"], body["retryable"], body["trace_id"][:4]) == ("STORAGE_UNAVAILABLE", True, "trc_")
    assert http.get("/status").status_code == 200


def test_status_knob_can_ask_to_wait(http: Http) -> None:
    http.turn(do="status", path="/tiers/*", status=429, retry_after=7)
    response = http.get("/tiers/v1")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert (response.json()["code"], response.json()["retry_after"]) == ("RATE_LIMITED", 7)


def test_bare_402_is_neither_challenge_nor_success(http: Http, alice: Player) -> None:
    http.turn(do="status", path="/apply/v1/plans", status=402, code="PAYMENT_REQUIRED")
    response = alice.ask("POST", "/apply/v1/plans", json={})
    assert (response.status_code, "payment-required" in response.headers) == (402, False)


def test_delay_knob_waits_first(http: Http) -> None:
    http.turn(do="delay", path="/health", milliseconds=120)
    started = time.monotonic()
    assert http.get("/health").status_code == 200
    assert time.monotonic() - started >= 0.12


def test_connection_dropped_before_does_nothing(http: Http, charlie: Player) -> None:
    http.turn(do="drop_before", path="/faucet/v1")
    with pytest.raises(httpx.RemoteProtocolError):
        charlie.draw()
    assert charlie.balance() == 0
    assert charlie.draw().status_code == 200


def test_connection_dropped_after_did_the_work(http: Http, charlie: Player) -> None:
    http.turn(do="drop_after", path="/faucet/v1")
    with pytest.raises(httpx.RemoteProtocolError):
        charlie.draw()
    assert charlie.balance() == 250_000


def test_paid_request_that_lost_its_answer_is_answered_again(http: Http, charlie: Player) -> None:
    charlie.draw()
    header = charlie.pay(charlie.sepolia())
    http.turn(do="drop_after", path="/tiers/v1/prototype")
    with pytest.raises(httpx.RemoteProtocolError):
        charlie.buy(header=header, key="one")
    again = charlie.buy(header=header, key="one")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert charlie.balance() == 150_000


def test_lost_commit_can_be_found_by_its_operation(http: Http, guestbook: Owned) -> None:
    plan = guestbook.plan({"site": {"replace": refs(SITE)}}).json()
    guestbook.upload(SITE)
    http.turn(do="drop_after", path="/apply/v1/plans/*/commit")
    with pytest.raises(httpx.RemoteProtocolError):
        guestbook.commit(plan["plan_id"])
    assert guestbook.wait(plan["operation_id"])["status"] == "ready"


def test_base_conflict_knob_is_safe_to_retry(http: Http, guestbook: Owned) -> None:
    plan = guestbook.plan({"site": {"replace": refs(SITE)}}).json()
    guestbook.upload(SITE)
    http.turn(do="base_conflict")
    body = guestbook.commit(plan["plan_id"]).json()
    assert (body["code"], body["safe_to_retry"]) == ("BASE_RELEASE_CONFLICT", True)
    assert guestbook.commit(plan["plan_id"]).status_code == 200


def test_warn_knob_adds_a_blocking_warning(http: Http, guestbook: Owned) -> None:
    http.turn(do="warn", code="PUBLIC_ROUTED_FUNCTION", severity="warn", message="Look twice.")
    first, second = (guestbook.plan({"i18n": None}).json()["warnings"] for _ in range(2))
    assert first == [
        {
            "code": "PUBLIC_ROUTED_FUNCTION",
            "severity": "warn",
            "requires_confirmation": True,
            "message": "Look twice.",
        }
    ]
    assert second == []


def test_clock_of_the_proofs_turns_honest_wallets_away(http: Http, charlie: Player) -> None:
    http.turn(do="clock", seconds=-3600, only="proofs")
    response = charlie.ask("GET", "/tiers/v1/status")
    assert (response.status_code, "future" in response.json()["message"]) == (402, True)
    http.turn(do="clock", seconds=0)
    assert charlie.ask("GET", "/tiers/v1/status").status_code == 200


def test_knobs_are_listed_and_cleared(http: Http) -> None:
    http.turn(do="status", path="/health", status=500, times=3)
    http.turn(do="clock", seconds=60)
    listed = http.get("/_sandbox/knobs").json()
    assert [(knob["do"], knob["path"], knob["times"], knob["status"]) for knob in listed["knobs"]] == [
        ("status", "/health", 3, 500)
    ]
    assert listed["clock"] == {"leases_seconds": 60.0, "proofs_seconds": 60.0, "blocks_seconds": 0.0}
    assert http.delete("/_sandbox/knobs").status_code == 204
    assert http.get("/_sandbox/knobs").json() == {
        "knobs": [],
        "clock": {"leases_seconds": 0.0, "proofs_seconds": 0.0, "blocks_seconds": 0.0},
    }
    assert http.get("/health").status_code == 200


@pytest.mark.parametrize("knob", [{}, {"do": "explode"}, {"do": "status", "times": 0}, {"do": "clock"}])
def test_unknown_knob_is_refused(http: Http, knob: dict[str, object]) -> None:
    assert http.post("/_sandbox/knobs", json=knob).status_code == 400


def test_pages_of_other_origins_cannot_turn_knobs(http: Http) -> None:
    headers = {"Origin": "http://evil.localhost:1"}
    knob = {"do": "status", "path": "*"}
    assert http.post("/_sandbox/knobs", json=knob, headers=headers).status_code == 403
    assert "access-control-allow-origin" not in http.get("/_sandbox/knobs", headers=headers).headers


def test_api_lets_browsers_of_any_origin_read(http: Http) -> None:
    response = http.get("/tiers/v1", headers={"Origin": "http://app.localhost:1"})
    assert response.headers["access-control-allow-origin"] == "*"
    assert "PAYMENT-REQUIRED" in response.headers["access-control-expose-headers"]


def test_every_answer_has_a_request_id_and_every_error_a_trace(http: Http) -> None:
    first, second = http.get("/nothing/here"), http.get("/nothing/here")
    assert first.status_code == 404
    assert first.headers["X-Run402-Request-Id"] != second.headers["X-Run402-Request-Id"]
    assert first.json()["trace_id"].startswith("trc_")
    assert first.json()["code"] == "NOT_FOUND"


def test_wrong_method_is_told_in_the_envelope(http: Http) -> None:
    response = http.delete("/tiers/v1")
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")

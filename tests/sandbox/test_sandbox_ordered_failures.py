"""Every failure of the contract can be ordered; checks tell what they found and change nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, refs, unb64

SITE = {"index.html": b"<h1>home</h1>"}


def committed(owned: Owned, **spec: Any) -> str:
    plan = owned.plan({"site": {"replace": refs(SITE)}, **spec}).json()
    owned.upload(SITE)
    response = owned.commit(plan["plan_id"])
    assert response.status_code == 200, response.text
    return str(plan["operation_id"])


@pytest.mark.parametrize(
    ("knob", "phase", "code"),
    [
        ({"phase": "stage", "code": "FUNCTION_BUILD_FAILED"}, "stage", "FUNCTION_BUILD_FAILED"),
        ({"phase": "stage"}, "stage", "SITE_STAGE_FAILED"),
        ({"phase": "migrate"}, "migrate", "MIGRATION_FAILED"),
        ({"phase": "schema-settle"}, "schema-settle", "SCHEMA_SETTLE_TIMEOUT"),
        ({"phase": "activate"}, "activate", "ACTIVATION_FAILED"),
    ],
)
def test_any_phase_can_fail_for_good(
    http: Http, guestbook: Owned, knob: dict[str, Any], phase: str, code: str
) -> None:
    http.turn(do="fail", **knob)
    migration = {"migrations": [{"id": "1", "sql": "CREATE TABLE t (id int)"}]}
    operation = guestbook.wait(committed(guestbook, database=migration), "failed")
    error = operation["error"]
    assert (error["phase"], error["code"], error["rolled_back"]) == (phase, code, True)
    assert guestbook.read("/apply/v1/releases/active").json()["code"] == "NO_ACTIVE_RELEASE"
    events = guestbook.read(f"/apply/v1/operations/{operation['operation_id']}/events").json()["events"]
    assert (events[-1]["phase"], events[-1]["status"]) == (phase, "failed")


def test_unknown_phase_is_refused(http: Http) -> None:
    assert http.post("/_sandbox/knobs", json={"do": "fail", "phase": "lunch"}).status_code == 400


def test_commit_can_cost_money_once(http: Http, guestbook: Owned) -> None:
    plan = guestbook.plan({"site": {"replace": refs(SITE)}}).json()
    guestbook.upload(SITE)
    http.post("/_sandbox/fund", json={"address": guestbook.player.address, "amount_usd_micros": 100_000})
    http.turn(do="charge", amount_usd_micros=20_000)
    path = f"/apply/v1/plans/{plan['plan_id']}/commit"
    first, second = (guestbook.player.ask("POST", path, json={}) for _ in range(2))
    assert (first.status_code, second.status_code) == (402, 402)
    terms = unb64(second.headers["PAYMENT-REQUIRED"])["accepts"][1]
    before = guestbook.player.balance()
    headers = {"PAYMENT-SIGNATURE": guestbook.player.pay(terms)}
    paid = guestbook.player.ask("POST", path, json={}, headers=headers)
    assert (paid.status_code, unb64(paid.headers["PAYMENT-RESPONSE"])["success"]) == (200, True)
    assert before - guestbook.player.balance() == 20_000
    assert guestbook.wait(plan["operation_id"])["status"] == "ready"


def test_storage_and_gate_and_pace_fail_by_status(http: Http, guestbook: Owned) -> None:
    http.turn(do="status", path="/uploads/v1/*", method="PUT", status=403, code="UPLOAD_DENIED")
    http.turn(do="status", path="/rest/v1/*", status=503, code="MIGRATE_GATE_ACTIVE")
    http.turn(do="status", path="/apply/v1/operations", status=429, retry_after=3)
    item = {"sha256": "0" * 64, "size": 1}
    content = guestbook.post("/content/v1/plans", {"content": [item]}).json()
    assert http.put(content["missing"][0]["parts"][0]["url"], content=b"x").status_code == 403
    assert guestbook.read("/rest/v1/t").json()["code"] == "MIGRATE_GATE_ACTIVE"
    slow = guestbook.read("/apply/v1/operations")
    assert (slow.status_code, slow.headers["retry-after"], slow.json()["retry_after_seconds"]) == (
        429,
        "3",
        3,
    )


def test_checks_are_asked_after_activation_and_told_as_events(guestbook: Owned) -> None:
    checks = [
        {"name": "home", "http": {"path": "/", "expect": {"status": 200}}},
        {"name": "gone", "http": {"path": "/no.css", "method": "HEAD", "expect": {"status": 200}}},
        {"name": "odd"},
    ]
    operation = guestbook.wait(committed(guestbook, checks=checks))
    path = f"/apply/v1/operations/{operation['operation_id']}/events"
    deadline = time.monotonic() + 60
    while len(found := [one for one in guestbook.read(path).json()["events"] if one["type"] == "log"]) < 3:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    assert [(one["resource"], one["stream"]) for one in found] == [
        ("checks.home", "stdout"),
        ("checks.gone", "stderr"),
        ("checks.odd", "stderr"),
    ]
    assert found[1]["line"] == "failed: HEAD /no.css answered 404, expected 200"
    assert guestbook.operation(operation["operation_id"])["status"] == "ready"


def test_proof_may_sign_the_query_but_not_another_one(guestbook: Owned) -> None:
    body = {"spec": {"project_id": guestbook.id, "site": {"replace": refs(SITE)}}}
    path = "/apply/v1/plans?dry_run=true"
    player = guestbook.player

    def status(signed: str) -> int:
        headers = {"SIGN-IN-WITH-X": player.proof(signed)}
        return player.http.post(path, json=body, headers=headers).status_code

    found = [status(signed) for signed in (path, "/apply/v1/plans", "/apply/v1/plans?dry_run=false")]
    assert found == [200, 200, 402]

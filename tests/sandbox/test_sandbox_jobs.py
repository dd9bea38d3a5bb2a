from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned

TYPE = "kysigned.fflonk_prove.v0_17_0"
RUNS = "/jobs/v1/runs"
CAP = 50_000


def body(**changes: Any) -> dict[str, Any]:
    given = {"job_type": TYPE, "input": {"input_json": {"a": 1}}, "max_cost_usd_micros": CAP}
    return {**given, **changes}


def submit(project: Owned, key: str = "job-1", **changes: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {project.service_key}", "Idempotency-Key": key}
    return project.player.http.post(RUNS, json=body(**changes), headers=headers)


def look(project: Owned, job_id: str) -> dict[str, Any]:
    return dict(project.serviced("GET", f"{RUNS}/{job_id}").json())


def balance(project: Owned) -> tuple[int, int]:
    told = project.player.http.get(f"/billing/v1/accounts/{project.player.address}").json()
    return told["available_usd_micros"], told["held_usd_micros"]


@pytest.fixture
def funded(http: Http, guestbook: Owned) -> Owned:
    """The guestbook, whose wallet has a prepaid balance of twice the cap."""
    gift = {"address": guestbook.player.address, "amount_usd_micros": 2 * CAP}
    assert http.post("/_sandbox/credit", json=gift).status_code == 201
    return guestbook


def test_job_runs_by_the_clock_holds_its_cap_and_is_charged_at_its_end(http: Http, funded: Owned) -> None:
    http.turn(do="job", seconds=100, queued_seconds=10)
    answer = submit(funded)
    job = answer.json()
    assert (answer.status_code, job["status"], balance(funded)) == (202, "queued", (CAP, CAP))
    http.turn(do="clock", seconds=50)
    assert look(funded, job["job_id"])["status"] == "running"
    http.turn(do="clock", seconds=200)
    ended = look(funded, job["job_id"])
    cost = ended["metadata"]["cost_usd_micros"]
    assert (ended["status"], cost, balance(funded)) == ("completed", CAP, (CAP, 0))
    assert ended["metadata"]["absorbed_overage_usd_micros"] == 10_000


def test_artifact_and_log_are_there_when_the_run_has_come_that_far(http: Http, funded: Owned) -> None:
    http.turn(do="job", seconds=10, queued_seconds=10)
    job = submit(funded).json()["job_id"]
    assert funded.serviced("GET", f"{RUNS}/{job}/artifacts/summary.json").status_code == 404
    assert funded.serviced("GET", f"{RUNS}/{job}/logs").json() == {"logs": []}
    http.turn(do="clock", seconds=15)
    half = funded.serviced("GET", f"{RUNS}/{job}/logs").json()["logs"]
    http.turn(do="clock", seconds=30)
    whole = funded.serviced("GET", f"{RUNS}/{job}/logs").json()["logs"]
    assert (len(half), len(whole), whole[: len(half)]) == (3, 6, half)
    last = funded.serviced("GET", f"{RUNS}/{job}/logs?tail=1").json()["logs"]
    assert last == whole[-1:]
    since = funded.serviced("GET", f"{RUNS}/{job}/logs", params={"since": whole[4]["timestamp"]}).json()
    assert since["logs"] == whole[4:]
    told = look(funded, job)["artifacts"]["summary.json"]
    content = funded.serviced("GET", f"{RUNS}/{job}/artifacts/summary.json").content
    assert (told["size_bytes"], told["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_cancelled_job_costs_what_it_ran_and_a_queued_one_nothing(http: Http, funded: Owned) -> None:
    http.turn(do="job", seconds=1000)
    running = submit(funded).json()["job_id"]
    http.turn(do="clock", seconds=10)
    assert look(funded, running)["status"] == "running"
    cancelled = funded.serviced("DELETE", f"{RUNS}/{running}").json()
    assert cancelled["status"] == "cancelled"
    assert 10_000 < cancelled["metadata"]["cost_usd_micros"] <= 16_000
    again = funded.serviced("DELETE", f"{RUNS}/{running}").json()
    assert again == cancelled
    http.turn(do="job", seconds=1000, queued_seconds=1000)
    queued = submit(funded, "job-2").json()["job_id"]
    assert funded.serviced("DELETE", f"{RUNS}/{queued}").json()["metadata"]["billing_status"] == "not_charged"


def test_same_key_gives_the_same_job_and_another_body_is_refused(funded: Owned) -> None:
    first, again = submit(funded), submit(funded)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    other = submit(funded, max_cost_usd_micros=CAP + 1)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_job_without_a_key_is_refused(funded: Owned) -> None:
    answer = funded.serviced("POST", RUNS, json=body())
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"job_type": "docker"}, "UNKNOWN_JOB_TYPE"),
        ({"max_cost_usd_micros": None}, "BAD_FIELD"),
        ({"max_cost_usd_micros": 0}, "BAD_FIELD"),
        ({"max_cost_usd_micros": 1}, "MAX_COST_TOO_LOW"),
        ({"input": {}}, "BAD_FIELD"),
        ({"input": {"input_json": []}}, "BAD_FIELD"),
    ],
)
def test_wrong_job_is_refused(funded: Owned, changes: dict[str, Any], code: str) -> None:
    answer = submit(funded, **changes)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_older_name_of_the_input_is_taken(funded: Owned) -> None:
    assert submit(funded, input={"input.json": {"a": 1}}).status_code == 202


def test_cap_above_the_free_balance_is_a_402_without_terms(funded: Owned) -> None:
    assert submit(funded).status_code == 202
    answer = submit(funded, "job-2", max_cost_usd_micros=CAP + 1)
    assert (answer.status_code, answer.json()["code"]) == (402, "INSUFFICIENT_BALANCE")
    assert "PAYMENT-REQUIRED" not in answer.headers


def test_knob_makes_a_run_fail_with_its_words(http: Http, funded: Owned) -> None:
    http.turn(do="job", fails=True, code="OUT_OF_MEMORY", message="It needed more.", seconds=1)
    job = submit(funded).json()["job_id"]
    http.turn(do="clock", seconds=10)
    told = look(funded, job)
    assert (told["status"], told["error"]["code"]) == ("failed", "OUT_OF_MEMORY")


def test_purge_stops_and_forgets_all_of_a_project(http: Http, funded: Owned) -> None:
    http.turn(do="job", seconds=1000)
    job = submit(funded).json()["job_id"]
    told = funded.serviced("DELETE", RUNS).json()
    assert told == {"deleted_jobs": 1, "cancelled_active_jobs": 1, "terminated_instances": 0}
    assert funded.serviced("GET", f"{RUNS}/{job}").status_code == 404


def test_strangers_job_looks_like_an_unknown_one(funded: Owned, bob: Any) -> None:
    job = submit(funded).json()["job_id"]
    answer = bob.project("other").serviced("GET", f"{RUNS}/{job}")
    assert (answer.status_code, answer.json()["code"]) == (404, "JOB_NOT_FOUND")

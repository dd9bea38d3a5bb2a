from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player, refs

SITE = {"index.html": b"<h1>A</h1>"}


def commit_site(project: Owned, files: dict[str, bytes] | None = None) -> dict[str, Any]:
    """The commit's answer for a site whose bytes are there."""
    files = files or SITE
    plan = project.plan({"site": {"replace": refs(files)}}).json()
    project.upload(files)
    return dict(project.commit(plan["plan_id"]).json())


def test_operation_waits_for_its_bytes_and_its_commit(guestbook: Owned) -> None:
    plan = guestbook.plan({"site": {"replace": refs(SITE)}}).json()
    assert guestbook.operation(plan["operation_id"])["status"] == "planning"
    guestbook.upload(SITE)
    assert guestbook.operation(plan["operation_id"])["status"] == "uploading"


def test_commit_runs_in_the_background_to_ready(guestbook: Owned) -> None:
    committed = commit_site(guestbook)
    assert set(committed) == {"operation_id", "status"}
    assert committed["status"] == "running"
    operation = guestbook.wait(committed["operation_id"])
    assert operation["release_id"] == operation["target_release_id"]
    assert sorted(operation["urls"]) == ["deployment_id", "project", "release", "site"]
    assert (operation["error"], operation["activate_attempts"]) == (None, 1)


def test_events_tell_the_phases_in_order(guestbook: Owned) -> None:
    operation = guestbook.deploy(SITE)
    path = f"/apply/v1/operations/{operation['operation_id']}/events"
    events = guestbook.read(path).json()["events"]
    assert [(e["type"], e.get("phase"), e.get("status")) for e in events] == [
        ("plan.started", None, None),
        ("plan.diff", None, None),
        ("commit.phase", "validate", "started"),
        ("commit.phase", "validate", "done"),
        ("commit.phase", "stage", "started"),
        ("commit.phase", "stage", "done"),
        ("commit.phase", "activate", "started"),
        ("commit.phase", "activate", "done"),
        ("commit.phase", "ready", "done"),
        ("ready", None, None),
    ]
    assert events[-1]["release_id"] == operation["release_id"]
    later = guestbook.read(f"{path}?cursor={events[7]['id']}").json()["events"]
    assert later == events[8:]


def test_second_commit_tells_the_same_operation(guestbook: Owned) -> None:
    operation = guestbook.deploy(SITE)
    again = guestbook.commit(operation["plan_id"]).json()
    assert (again["operation_id"], again["status"]) == (operation["operation_id"], "ready")
    assert (again["release_id"], again["urls"]) == (operation["release_id"], operation["urls"])


def test_noop_ends_ready_on_the_live_release(guestbook: Owned) -> None:
    live = guestbook.deploy(SITE)
    again = guestbook.deploy(SITE)
    assert again["operation_id"] != live["operation_id"]
    assert again["release_id"] == live["release_id"]
    assert guestbook.read("/apply/v1/releases/active").json()["release_generation"] == 1


def test_list_is_newest_first_and_pages(guestbook: Owned) -> None:
    ids = [guestbook.plan({"i18n": None}).json()["operation_id"] for _ in range(5)]
    first = guestbook.read("/apply/v1/operations?limit=3").json()
    rest = guestbook.read(f"/apply/v1/operations?limit=3&cursor={first['cursor']}").json()
    shown = [operation["operation_id"] for page in (first, rest) for operation in page["operations"]]
    assert (shown, rest["cursor"]) == (ids[::-1], None)


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "cursor=-1"])
def test_bad_paging_is_refused(guestbook: Owned, query: str) -> None:
    assert guestbook.read(f"/apply/v1/operations?{query}").status_code == 400


def test_operation_of_another_project_is_unknown(guestbook: Owned, bob: Player) -> None:
    operation = guestbook.deploy(SITE)
    for path in ("", "/events"):
        response = bob.project().read(f"/apply/v1/operations/{operation['operation_id']}{path}")
        assert (response.status_code, response.json()["code"]) == (404, "OPERATION_NOT_FOUND")


def test_pending_activation_goes_on_after_a_resume(http: Http, guestbook: Owned) -> None:
    http.turn(do="activation_pending")
    committed = commit_site(guestbook)
    pending = guestbook.wait(committed["operation_id"], "activation_pending")
    assert (pending["error"]["code"], pending["error"]["retryable"]) == ("ACTIVATION_FAILED", True)
    assert guestbook.read("/apply/v1/releases/active").status_code == 404

    resume = f"/apply/v1/operations/{committed['operation_id']}/resume"
    assert guestbook.player.ask("POST", resume).json()["status"] == "activating"
    ready = guestbook.wait(committed["operation_id"])
    assert (ready["error"], ready["activate_attempts"]) == (None, 2)


def test_pending_activation_may_be_told_not_to_retry(http: Http, guestbook: Owned) -> None:
    http.turn(do="activation_pending", retryable=False, safe_to_retry=False, code="FUNCTION_ACTIVATE_FAILED")
    pending = guestbook.wait(commit_site(guestbook)["operation_id"], "activation_pending")
    assert (pending["error"]["code"], pending["error"]["retryable"]) == ("FUNCTION_ACTIVATE_FAILED", False)


def test_needs_repair_is_the_end(http: Http, guestbook: Owned) -> None:
    http.turn(do="needs_repair")
    broken = guestbook.wait(commit_site(guestbook)["operation_id"], "needs_repair")
    assert broken["error"]["mutation_state"] == "partial"
    response = guestbook.player.ask("POST", f"/apply/v1/operations/{broken['operation_id']}/resume")
    assert (response.status_code, response.json()["code"]) == (409, "NOT_RESUMABLE")


def test_ready_operation_cannot_be_resumed(guestbook: Owned, bob: Player) -> None:
    operation = guestbook.deploy(SITE)
    path = f"/apply/v1/operations/{operation['operation_id']}/resume"
    assert guestbook.player.ask("POST", path).json()["code"] == "NOT_RESUMABLE"
    assert bob.ask("POST", path).json()["code"] == "OPERATION_NOT_FOUND"


def test_of_two_commits_over_one_base_the_second_fails(guestbook: Owned) -> None:
    plans = []
    for text in (b"one", b"two"):
        plans.append(guestbook.plan({"site": {"replace": refs({"index.html": text})}}).json())
        guestbook.upload({"index.html": text})
    committed = [guestbook.commit(plan["plan_id"]) for plan in plans]
    ends = [guestbook.wait(plan["operation_id"], "ready", "failed", "uploading")["status"] for plan in plans]
    assert ends[0] == "ready"
    if committed[1].status_code == 409:
        assert committed[1].json()["code"] == "BASE_RELEASE_CONFLICT"
    else:
        assert ends[1] == "failed"
        assert guestbook.operation(plans[1]["operation_id"])["error"]["code"] == "BASE_RELEASE_CONFLICT"


def test_name_that_was_taken_meanwhile_fails_the_operation(guestbook: Owned, bob: Player) -> None:
    plan = guestbook.plan({"site": {"replace": refs(SITE)}, "subdomains": {"set": ["wanted"]}}).json()
    guestbook.upload(SITE)
    bob.project().deploy(SITE, subdomains={"set": ["wanted"]})
    guestbook.commit(plan["plan_id"])
    failed = guestbook.wait(plan["operation_id"], "failed")
    assert (failed["error"]["code"], failed["error"]["mutation_state"]) == ("SUBDOMAIN_TAKEN", "rolled_back")
    release = guestbook.read(f"/apply/v1/releases/{failed['target_release_id']}").json()
    assert (release["status"], release["state_kind"]) == ("failed", "desired_manifest")

"""A release from beginning to end: what is sent, when it stops, and when it is planned anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from run402 import Client, LocalSigner, Release, errors, new_key, x402
from run402.resources.projects import ProvisionedProject
from run402.spec import Parsed, ReleaseSpec, parse
from run402.transport import LocalhostTransport
from tests.run402.gateways import Gateway, Reply, ok
from tests.sandboxes import Sandbox

ANON = "anon"
PLAN = {"kind": "plan_response", "plan_id": "plan_1", "operation_id": "op_1", "summary": "changes"}
READY = {
    "operation_id": "op_1",
    "status": "ready",
    "release_id": "rel_1",
    "urls": {"site": "https://x.example"},
}
CONFLICT = {"code": "BASE_RELEASE_CONFLICT", "message": "Another one went live.", "safe_to_retry": True}


def a_spec(**more: Any) -> ReleaseSpec:
    return parse({"project_id": "prj_1", "routes": {"replace": []}, **more}).spec


def released(*replies: Reply, spec: ReleaseSpec | None = None, **options: Any) -> tuple[Release, Gateway]:
    gateway = Gateway(*replies)
    options.setdefault("sleep", lambda seconds: None)
    return gateway.client().apply.release(spec or a_spec(), anon_key=ANON, **options), gateway


def paths(gateway: Gateway) -> list[str]:
    return [f"{request.method} {request.url.path}" for request in gateway.requests]


def test_release_that_is_ready_at_once_takes_two_calls() -> None:
    release, gateway = released(ok(PLAN), ok(READY), idempotency_key="once")
    assert (release.release_id, release.urls, release.attempts) == ("rel_1", READY["urls"], 1)
    assert paths(gateway) == ["POST /apply/v1/plans", "POST /apply/v1/plans/plan_1/commit"]
    assert gateway.sent == {"idempotency_key": "once"}


def test_plan_that_changes_nothing_is_not_committed_unless_asked() -> None:
    noop = ok({**PLAN, "is_noop": True, "base_release_id": "rel_0"})
    release, gateway = released(noop)
    assert (release.is_noop, release.release_id, len(gateway.requests)) == (True, "rel_0", 1)
    release, gateway = released(noop, ok(READY), commit_unchanged=True)
    assert (release.is_noop, release.release_id, len(gateway.requests)) == (True, "rel_1", 2)


def test_events_tell_the_phases_in_the_contracts_words() -> None:
    events: list[dict[str, Any]] = []
    running = [ok({**READY, "status": status}) for status in ("running", "staging", "migrating", "ready")]
    released(ok(PLAN), *running, on_event=events.append)
    said = [(event["type"], event.get("phase"), event.get("status")) for event in events]
    assert said == [
        ("plan.started", None, None),
        ("plan.diff", None, None),
        ("commit.phase", "validate", "started"),
        ("commit.phase", "validate", "done"),
        ("commit.phase", "stage", "started"),
        ("commit.phase", "stage", "done"),
        ("commit.phase", "migrate", "started"),
        ("commit.phase", "migrate", "done"),
        ("commit.phase", "ready", "done"),
        ("ready", None, None),
    ]


def test_base_that_moved_is_planned_anew_twice_and_no_more() -> None:
    waits: list[float] = []
    conflict = ok(CONFLICT, status=409)
    release, gateway = released(
        ok(PLAN), conflict, ok(PLAN), conflict, ok(PLAN), ok(READY), sleep=waits.append
    )
    assert (release.attempts, len(gateway.requests)) == (3, 6)
    assert [0.25 <= waits[0] <= 0.35, 0.5 <= waits[1] <= 0.6] == [True, True]
    with pytest.raises(errors.Conflict) as caught:
        released(*[ok(PLAN), conflict] * 3)
    assert caught.value.details == {"attempts": 3, "max_retries": 2}


@pytest.mark.parametrize(
    ("answer", "more"),
    [
        ({**CONFLICT, "safe_to_retry": False}, {}),
        ({**CONFLICT, "code": "STALE"}, {}),
        (CONFLICT, {"base": {"release_id": "rel_0"}}),
        (CONFLICT, {"base": {"release": "empty"}}),
    ],
)
def test_other_conflicts_are_not_tried_again(answer: dict[str, Any], more: dict[str, Any]) -> None:
    with pytest.raises(errors.Conflict):
        released(ok(PLAN), ok(answer, status=409), spec=a_spec(**more))


def test_blocking_warning_stops_before_anything_is_uploaded() -> None:
    warning = {"code": "PUBLIC_ROUTED_FUNCTION", "requires_confirmation": True, "message": "Public."}
    plan = ok({**PLAN, "warnings": [warning, {"code": "MISSING_REQUIRED_SECRET"}]})
    with pytest.raises(errors.WarningsUnconfirmed) as caught:
        released(plan, confirmed={"PUBLIC_ROUTED_FUNCTION"})
    assert (caught.value.code, caught.value.mutation_state) == ("MISSING_REQUIRED_SECRET", "not_started")
    release, _ = released(plan, ok(READY), confirmed="all")
    assert [item.code for item in release.warnings] == ["PUBLIC_ROUTED_FUNCTION", "MISSING_REQUIRED_SECRET"]


def test_wildcard_route_that_only_reads_is_warned_of_by_ourselves() -> None:
    route = {"pattern": "/api/*", "methods": ["GET"], "target": {"type": "function", "name": "f"}}
    with pytest.raises(errors.WarningsUnconfirmed) as caught:
        released(ok(PLAN), spec=a_spec(routes={"replace": [route]}))
    assert caught.value.code == "WILDCARD_ROUTE_EXCLUDES_MUTATION_METHODS"
    quiet = a_spec(routes={"replace": [{**route, "acknowledge_readonly": True}]})
    assert released(ok(PLAN), ok(READY), spec=quiet)[0].warnings == ()


def test_pruning_needs_what_a_dry_run_says() -> None:
    spec = a_spec(assets={"sync": {"prefix": "img/", "prune": True}})
    sync = {"base_revision": "r", "delete_set_digest": "d", "expected_delete_count": 2}
    with pytest.raises(errors.Run402Error) as caught:
        released(ok({**PLAN, "plan_id": None, "asset_sync": sync}), spec=spec)
    assert (caught.value.code, caught.value.details) == ("PRUNE_CONFIRMATION_REQUIRED", {"asset_sync": sync})


def test_reviewed_plan_is_asked_for_without_a_key_and_named_afterwards() -> None:
    gateway = Gateway(ok({**PLAN, "plan_fingerprint": "fp", "plan_expires_at": "2026-05-22T12:00:00Z"}))
    plan = gateway.client().apply.plan(a_spec().to_cloud(), for_review=True, idempotency_key="k")
    assert gateway.sent == {"spec": a_spec().to_cloud(), "mode": "reviewed_plan"}
    assert plan.reviewed == {"plan_id": "plan_1", "plan_fingerprint": "fp"}
    _, gateway = released(ok(PLAN), ok(READY), required_plan=plan.reviewed)
    assert gateway.sent == {"required_plan": plan.reviewed}


@pytest.mark.parametrize("status", ["failed", "rolled_back", "needs_repair"])
def test_bad_end_is_an_error_with_the_gateways_own_words(status: str) -> None:
    told = {"code": "migration_failed", "message": "No such table.", "details": {"statement": 1}}
    with pytest.raises(errors.ReleaseFailed) as caught:
        released(ok(PLAN), ok({**READY, "status": "running"}), ok({**READY, "status": status, "error": told}))
    error = caught.value
    assert (error.code, error.message, error.operation.status) == (
        "MIGRATION_FAILED",
        "No such table.",
        status,
    )
    assert error.details == {"statement": 1, "operation_id": "op_1"}


@pytest.mark.parametrize(
    ("told", "waits"),
    [
        ({"code": "STORAGE_UNAVAILABLE"}, True),
        ({"code": "STORAGE_UNAVAILABLE", "retryable": False}, False),
        ({"code": "FUNCTION_CONFIG_INVALID"}, False),
    ],
)
def test_pending_activation_is_waited_for_only_while_that_helps(told: dict[str, Any], waits: bool) -> None:
    pending = ok({**READY, "status": "activation_pending", "error": told})
    replies = [ok(PLAN), ok({**READY, "status": "running"}), pending]
    if waits:
        assert released(*replies, ok(READY))[0].release_id == "rel_1"
    else:
        with pytest.raises(errors.ReleaseFailed):
            released(*replies)


def test_waiting_slows_down_and_ends_with_a_way_to_look_again() -> None:
    waits: list[float] = []
    running = ok({"operation_id": "op_1", "status": "staging"})
    client = Gateway(*[running] * 100).client()
    with pytest.raises(errors.TimedOut) as caught:
        client.apply.follow("op_1", anon_key=ANON, sleep=waits.append)
    assert (waits[:30], waits[30:33], max(waits)) == ([1.0] * 30, [1.5, 2.25, 3.375], 30.0)
    assert (caught.value.details, caught.value.safe_to_retry) == ({"operation_id": "op_1"}, True)
    assert 600 <= sum(waits) < 660


def test_look_that_fails_in_passing_is_made_again() -> None:
    gateway = Gateway(httpx.ConnectError("down"), ok({}, status=503), ok(READY))
    operation = gateway.client().apply.follow("op_1", anon_key=ANON, sleep=lambda seconds: None)
    assert operation.status == "ready"
    with pytest.raises(errors.Unauthorized):
        Gateway(ok({}, status=401)).client().apply.follow("op_1", anon_key=ANON)


def test_resuming_pushes_first_and_then_waits() -> None:
    gateway = Gateway(ok({**READY, "status": "activating"}), ok(READY))
    gateway.client().apply.follow("op_1", anon_key=ANON, resume=True)
    assert paths(gateway) == ["POST /apply/v1/operations/op_1/resume", "GET /apply/v1/operations/op_1"]


def test_bytes_that_are_nowhere_are_named_before_anything_is_sent() -> None:
    lacking = {"sha256": "0" * 64, "size": 5, "present": False}
    site = {"replace": {"a.html": {"sha256": "0" * 64, "size": 5}}}
    with pytest.raises(errors.Run402Error) as caught:
        released(ok({**PLAN, "missing_content": [lacking]}), spec=a_spec(site=site))
    assert (caught.value.code, caught.value.details) == ("CONTENT_UPLOAD_FAILED", {"sha256": ["0" * 64]})


def test_cloud_release_needs_the_anon_key() -> None:
    with pytest.raises(ValueError, match="anon key"):
        Gateway().client().apply.release(a_spec())


@pytest.fixture
def alice(sandbox: Sandbox) -> Iterator[Client]:
    signer = LocalSigner(new_key())
    with Client(sandbox.url, signer=signer, rpc_urls=[f"{sandbox.url}/rpc"]) as client:
        client.faucet.draw(signer.address)
        client.tiers.set("prototype", purchase=x402.Purchase(x402.CapPolicy(100_000), lambda payment: None))
        yield client


@pytest.fixture
def project(alice: Client) -> ProvisionedProject:
    return alice.projects.provision(name="Guestbook", tier="prototype")


def quickly(seconds: float) -> None:
    time.sleep(min(seconds, 0.02))


def page(text: str) -> dict[str, Any]:
    return {"site": {"replace": {"index.html": text, "style.css": "body { margin: 0 }"}}}


def of_project(project: ProvisionedProject, doc: dict[str, Any]) -> Parsed:
    return parse({"project_id": project.project_id, **doc})


def test_release_diff_and_resolve_at_the_sandbox(alice: Client, project: ProvisionedProject) -> None:
    name = project.project_id.replace("_", "-").lower()[:40]
    first = of_project(project, {**page("<h1>one</h1>"), "subdomains": {"set": [name]}}).spec
    skipped: list[Any] = []
    one = alice.apply.release(first, anon_key=project.anon_key, sleep=quickly)
    two = alice.apply.release(
        of_project(project, page("<h1>two</h1>")).spec,
        anon_key=project.anon_key,
        sleep=quickly,
        on_event=lambda event: skipped.append(event.get("reason")),
    )
    assert one.release_id != two.release_id
    assert "present" in skipped
    diff = alice.releases.diff(
        anon_key=project.anon_key, from_release=one.release_id or "", to=two.release_id or ""
    )
    assert [row["path"] for row in diff.site["changed"]] == ["index.html"]


def test_spec_above_the_inline_limit_goes_by_reference(
    alice: Client, project: ProvisionedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("run402.resources.apply.MAX_PLAN_BYTES", 300)
    release = alice.apply.release(
        of_project(project, page("<h1>by reference</h1>")).spec,
        anon_key=project.anon_key,
        idempotency_key="one-release",
        sleep=quickly,
    )
    active = alice.releases.active(anon_key=project.anon_key)
    assert active is not None
    assert (active.release_id, active.site["totals"]["paths"]) == (release.release_id, 2)


def test_conflict_at_the_sandbox_is_planned_anew(
    alice: Client, project: ProvisionedProject, sandbox: Sandbox
) -> None:
    with httpx.Client(transport=LocalhostTransport()) as http:
        http.post(f"{sandbox.url}/_sandbox/knobs", json={"do": "base_conflict"}).raise_for_status()
    release = alice.apply.release(
        of_project(project, page("<h1>again</h1>")).spec, anon_key=project.anon_key, sleep=quickly
    )
    assert release.attempts == 2

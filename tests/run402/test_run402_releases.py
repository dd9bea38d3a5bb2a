"""What the answers around plans, operations and releases are read as."""

from __future__ import annotations

import httpx
import pytest

from run402 import errors
from tests.run402.gateways import Gateway, ok

ANON = "anon-key"
OPERATION = {"operation_id": "op_1", "status": "ready"}


def test_plan_is_read_whole_and_an_odd_warning_is_kept() -> None:
    warning = {
        "code": "NEW_ONE",
        "severity": "purple",
        "requires_confirmation": True,
        "affected": ["a", 5],
        "x": 1,
    }
    body = {
        "kind": "plan_response", "plan_id": "plan_1", "operation_id": "op_1", "is_noop": False, "summary": "2 files",
        "missing_content": [{"sha256": "aa", "size": 5, "present": False}], "warnings": [warning],
        "site": {"added": [{"path": "index.html"}]}, "cost": {"billable_delta_usd_micros": 0}, "routes": None,
    }  # fmt: skip
    plan = Gateway(ok(body, status=201)).client().apply.plan({"project_id": "prj_1"})
    assert (plan.plan_id, plan.summary, plan.site, plan.routes) == ("plan_1", "2 files", body["site"], None)
    assert [(item.sha256, item.present) for item in plan.missing_content] == [("aa", False)]
    assert [(item.code, item.severity, item.blocking, item.affected) for item in plan.warnings] == [
        ("NEW_ONE", "purple", True, ("a",))
    ]
    assert plan.warnings[0].raw == warning


def test_legacy_plan_holds_its_diffs_one_level_down() -> None:
    body = {"plan_id": "plan_1", "diff": {"is_noop": True, "site": {"added": []}}}
    plan = Gateway(ok(body)).client().apply.plan({})
    assert (plan.is_noop, plan.site) == (True, {"added": []})


@pytest.mark.parametrize(
    ("dry_run", "code"), [(True, "DRY_RUN_REQUIRES_INLINE_SPEC"), (False, "SPEC_TOO_LARGE")]
)
def test_spec_over_the_inline_limit_is_not_sent(dry_run: bool, code: str) -> None:
    gateway = Gateway()
    with pytest.raises(errors.Run402Error) as refused:
        gateway.client().apply.plan({"filler": "x" * 5_242_880}, dry_run=dry_run)
    assert (refused.value.code, refused.value.mutation_state, gateway.requests) == (code, "not_started", [])


@pytest.mark.parametrize(
    ("status", "terminal", "resumable"),
    [
        ("ready", True, False), ("failed", True, False), ("rolled_back", True, False), ("needs_repair", True, False),
        ("running", False, False), ("activation_pending", False, True), ("schema_settling", False, True),
        ("something_new", False, False),
    ],
)  # fmt: skip
def test_operation_knows_whether_it_is_over(status: str, terminal: bool, resumable: bool) -> None:
    body = {
        "operation_id": "op_1",
        "status": status,
        "urls": {"site": "https://x", "odd": 5},
        "error": {"code": "C"},
    }
    operation = Gateway(ok(body)).client().apply.operation("op_1", anon_key=ANON)
    assert (operation.status, operation.terminal, operation.resumable) == (status, terminal, resumable)
    assert (operation.urls, operation.error) == ({"site": "https://x"}, {"code": "C"})


def test_operations_come_with_their_cursor() -> None:
    page = Gateway(ok({"operations": [OPERATION], "cursor": "c"})).client().apply.operations(anon_key=ANON)
    assert ([row.operation_id for row in page.operations], page.cursor) == (["op_1"], "c")


def test_events_are_passed_on_as_worded() -> None:
    events = [{"type": "commit.phase", "phase": "stage", "status": "done"}, {"type": "brand.new"}]
    assert Gateway(ok({"events": events})).client().apply.events("op_1", anon_key=ANON) == tuple(events)


def test_nothing_live_is_none_in_both_ways_a_gateway_says_it() -> None:
    missing = httpx.Response(404, json={"code": "NO_ACTIVE_RELEASE"})
    client = Gateway(missing, ok({"release_id": None, "site": {"paths": []}})).client()
    assert [client.releases.active(anon_key=ANON), client.releases.active(anon_key=ANON)] == [None, None]


def test_gateway_without_releases_is_an_error_and_not_an_empty_project() -> None:
    with pytest.raises(errors.NotFound):
        Gateway(httpx.Response(404, json={"error": "not_found"})).client().releases.active(anon_key=ANON)


def test_inventory_keeps_absent_apart_from_empty() -> None:
    older = {"release_id": "rel_1", "site": {"paths": [], "totals": {"paths": 0}}, "release_generation": 3}
    client = Gateway(ok(older), ok({**older, "static_public_paths": [], "i18n": {"locales": []}})).client()
    first, second = (client.releases.get("rel_1", anon_key=ANON) for _ in range(2))
    assert (first.static_public_paths, first.i18n, first.release_generation) == (None, None, 3)
    assert (second.static_public_paths, second.i18n) == ((), {"locales": []})


def test_promotion_lists_its_warnings() -> None:
    body = {
        "status": "ok",
        "release_id": "rel_1",
        "previous_release_id": "rel_2",
        "warnings": [{"code": "W"}],
    }
    promotion = Gateway(ok(body)).client().releases.promote("rel_1", project_id="prj_1")
    assert (promotion.previous_release_id, [warning.code for warning in promotion.warnings]) == (
        "rel_2",
        ["W"],
    )

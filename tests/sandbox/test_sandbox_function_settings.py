"""Functions in specs, plans and inventories, and by name: what is kept, what a tier allows (apply 2.3.4, 7.1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player, sha256
from tests.sandbox.test_sandbox_functions import INDEX, route, source

ONE = "export default () => new Response('one');"
TWO = "export default () => new Response('two');"


def deploy(owned: Owned, **spec: Any) -> dict[str, Any]:
    owned.upload({"one": ONE.encode(), "two": TWO.encode()})
    return owned.deploy(INDEX, **spec)


def functions(owned: Owned) -> list[dict[str, Any]]:
    return list(owned.read("/apply/v1/releases/active").json()["functions"])


def admin(owned: Owned, method: str, name: str = "", **arguments: Any) -> Any:
    path = f"/projects/v1/admin/{owned.id}/functions{name}"
    return owned.serviced(method, path, **arguments)


def test_replace_and_patch_lay_over_what_is_there(guestbook: Owned) -> None:
    config = {"timeoutSeconds": 5, "memory_mb": 64}
    entry = {**source(ONE), "config": config, "schedule": "0 * * * *"}
    deploy(guestbook, functions={"replace": {"a": entry, "b": source(ONE)}})
    deploy(guestbook, functions={"patch": {"set": {"a": source(TWO)}, "delete": ["b"]}})
    row = {"name": "a", "code_hash": sha256(TWO.encode()), "runtime": "node22", "timeout_seconds": 5}
    assert functions(guestbook) == [{**row, "memory_mb": 64, "schedule": "0 * * * *"}]
    deploy(guestbook, functions={"replace": {"a": {**source(TWO), "schedule": None}}})
    assert functions(guestbook) == [
        {**row, "timeout_seconds": 10, "memory_mb": 128, "schedule": None},
    ]


def test_plan_names_changed_fields_and_missing_code(guestbook: Owned) -> None:
    deploy(guestbook, functions={"replace": {"a": source(ONE), "gone": source(ONE)}})
    later = "export default 3;"
    entry = {**source(later), "config": {"timeout_seconds": 2}}
    plan = guestbook.plan({"functions": {"replace": {"a": entry, "new": source(ONE)}}}).json()
    assert plan["functions"] == {
        "added": ["new"],
        "removed": ["gone"],
        "changed": [{"name": "a", "fields_changed": ["code_hash", "timeout_seconds"]}],
    }
    present = {item["sha256"]: item["present"] for item in plan["missing_content"]}
    assert present == {sha256(ONE.encode()): True, sha256(later.encode()): False}
    assert guestbook.commit(plan["plan_id"]).json()["code"] == "CONTENT_UPLOAD_FAILED"
    codes = {warning["code"]: warning["requires_confirmation"] for warning in plan["warnings"]}
    assert codes == {"DESTRUCTIVE_FUNCTION_REMOVAL": True}


def test_routes_warn_of_what_they_hide(guestbook: Owned) -> None:
    deploy(guestbook, functions={"replace": {"a": source(ONE)}})
    table = [route("/index.html", "a"), route("/docs/*", "a", "POST"), route("/*/x", "a")]
    assert guestbook.plan({"routes": {"replace": table}}).json()["code"] == "INVALID_SPEC"
    plan = guestbook.plan({"routes": {"replace": table[:2]}}).json()
    codes = {warning["code"] for warning in plan["warnings"]}
    assert codes == {"PUBLIC_ROUTED_FUNCTION", "ROUTE_SHADOWS_STATIC_PATH"}
    entries = [(entry["pattern"], entry["kind"], entry["prefix"]) for entry in plan["routes"]["added"]]
    assert entries == [("/docs/*", "prefix", "/docs/"), ("/index.html", "exact", None)]
    missing = guestbook.plan({"routes": {"replace": [route("/b", "nobody")]}})
    assert missing.json()["resource"] == "routes"


@pytest.mark.parametrize(
    ("entry", "status", "code"),
    [
        ({"config": {"timeout_seconds": 11}}, 403, "FUNCTION_TIMEOUT_EXCEEDS_TIER"),
        ({"config": {"memory_mb": 129}}, 403, "FUNCTION_MEMORY_EXCEEDS_TIER"),
        ({"schedule": "*/5 * * * *"}, 403, "FUNCTION_SCHEDULE_INTERVAL_TOO_SHORT"),
        ({"schedule": "59,0 * * * *"}, 403, "FUNCTION_SCHEDULE_INTERVAL_TOO_SHORT"),
        ({"schedule": "61 * * * *"}, 400, "INVALID_SPEC"),
        ({"config": {"timeout": 3}}, 400, "INVALID_SPEC"),
        ({"runtime": "node18"}, 400, "INVALID_SPEC"),
        ({"requireRole": {"table": "a b", "allowed": ["x"]}}, 422, "DEPLOY_INVALID_ROLE_GATE"),
        ({"deps": ["sharp@1"]}, 400, "BAD_FIELD"),
        ({"handler": "x"}, 400, "INVALID_SPEC"),
    ],
)
def test_wrong_or_too_large_function_is_refused(
    guestbook: Owned, entry: dict[str, Any], status: int, code: str
) -> None:
    response = guestbook.plan({"functions": {"replace": {"a": {**source(ONE), **entry}}}})
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_tier_counts_functions_and_schedules(guestbook: Owned) -> None:
    many = {f"f{number}": source(ONE) for number in range(6)}
    assert guestbook.plan({"functions": {"replace": many}}).json()["code"] == "TIER_LIMIT_EXCEEDED"
    timed = {name: {**source(ONE), "schedule": "0 3 * * *"} for name in ("a", "b")}
    found = guestbook.plan({"functions": {"replace": timed}}).json()
    assert (found["code"], found["details"]["tier_max"]) == ("FUNCTION_SCHEDULE_LIMIT_EXCEEDED", 1)


def test_functions_can_be_deployed_changed_and_deleted_by_name(guestbook: Owned, bob: Player) -> None:
    body = {"name": "hello", "code": ONE, "config": {"timeout": 3, "memory": 64}, "schedule": "0 3 * * *"}
    made = admin(guestbook, "POST", json=body)
    assert (made.status_code, made.json()["status"], made.json()["timeout"]) == (201, "deployed", 3)
    changed = admin(guestbook, "PATCH", "/hello", json={"schedule": None, "config": {"memory": 32}})
    assert (changed.json()["schedule"], changed.json()["memory"], changed.json()["timeout"]) == (None, 32, 3)
    assert [one["name"] for one in admin(guestbook, "GET").json()["functions"]] == ["hello"]
    assert admin(guestbook, "POST", json={**body, "name": "No"}).json()["code"] == "BAD_FIELD"
    assert admin(guestbook, "POST", json={**body, "config": {"timeout": 0}}).json()["code"] == "BAD_FIELD"
    stranger = bob.project().serviced("GET", f"/projects/v1/admin/{guestbook.id}/functions")
    assert stranger.status_code == 403
    assert admin(guestbook, "DELETE", "/hello").json() == {"status": "deleted", "name": "hello"}
    assert admin(guestbook, "DELETE", "/hello").json()["code"] == "FUNCTION_NOT_FOUND"
    assert admin(guestbook, "GET", "/hello/logs").status_code == 404


def test_values_of_secrets_are_never_answered(http: Http, guestbook: Owned) -> None:
    path = f"/projects/v1/admin/{guestbook.id}/secrets"
    told = guestbook.serviced("POST", path, json={"key": "TOKEN", "value": "hunter2"})
    listed = guestbook.serviced("GET", path)
    assert "hunter2" not in told.text + listed.text + http.get("/").text
    assert guestbook.serviced("DELETE", f"{path}/TOKEN").is_success


def test_promote_keeps_running_code_and_brings_removed_functions_back(guestbook: Owned) -> None:
    table = {"replace": [route("/a", "a")]}
    first = deploy(guestbook, functions={"replace": {"a": source(ONE), "b": source(ONE)}}, routes=table)
    second = {"replace": {"b": source(TWO), "c": source(ONE)}}
    deploy(guestbook, functions=second, routes={"replace": []})
    path = f"/apply/v1/releases/{first['release_id']}/promote"
    answer = guestbook.player.ask("POST", path, json={"project": guestbook.id}).json()
    assert answer["diff"]["functions"] == {
        "only_in_current": ["c"],
        "only_in_target": ["a"],
        "changed": ["b"],
    }
    assert [warning["code"] for warning in answer["warnings"]] == ["FUNCTION_VERSION_MISMATCH"]
    running = {row["name"]: row["code_hash"] for row in functions(guestbook)}
    codes = {"one": sha256(ONE.encode()), "two": sha256(TWO.encode())}
    assert running == {"a": codes["one"], "b": codes["two"], "c": codes["one"]}


def test_promote_over_migrations_needs_consent(guestbook: Owned) -> None:
    first = deploy(guestbook)
    deploy(guestbook, database={"migrations": [{"id": "1", "sql": "CREATE TABLE t (id int)"}]})
    path = f"/apply/v1/releases/{first['release_id']}/promote"
    refused = guestbook.player.ask("POST", path, json={"project": guestbook.id})
    assert (refused.status_code, refused.json()["code"]) == (409, "PROMOTE_WARNING_REQUIRES_ACK")
    consent = {"project": guestbook.id, "allow_warning_codes": ["MIGRATIONS_NOT_REVERSIBLE"]}
    promoted = guestbook.player.ask("POST", path, json=consent).json()
    assert promoted["diff"]["migrations"] == {"only_in_current": ["1"], "only_in_target": []}

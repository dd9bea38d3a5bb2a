"""The database slice of a deploy: migrations run once, fail cleanly, and expose follows them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.sandbox_data import App
from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, sha256

CREATE = "CREATE TABLE items (id serial PRIMARY KEY, title text NOT NULL)"
SEED = "INSERT INTO items (title) VALUES ('Milk')"
EXPOSE = {
    "version": "1",
    "tables": [{"name": "items", "expose": True, "policy": "public_read_authenticated_write"}],
}


def uploaded(name: str, sql: str, **fields: Any) -> dict[str, Any]:
    """A migration as clients send it: by reference."""
    content = sql.encode()
    reference = {"sha256": sha256(content), "size": len(content), "content_type": "application/sql"}
    return {"id": name, "checksum": sha256(content), "sql_ref": reference, **fields}


def slice_of(*migrations: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"database": {"migrations": list(migrations), **fields}}


def inline(name: str, sql: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "sql": sql, **fields}


def run(project: Owned, spec: dict[str, Any], *statuses: str) -> dict[str, Any]:
    """Plan, commit, and wait for one of the statuses."""
    plan = project.plan(spec)
    assert plan.status_code == 200, plan.text
    committed = project.commit(plan.json()["plan_id"])
    assert committed.status_code == 200, committed.text
    return project.wait(committed.json()["operation_id"], *statuses)


def titles(project: Owned) -> list[str]:
    body = {"sql": "SELECT title FROM items ORDER BY id"}
    response = project.serviced("POST", f"/projects/v1/admin/{project.id}/sql", json=body)
    return [row["title"] for row in response.json().get("rows", [])]


def phases(project: Owned, operation_id: str) -> list[str]:
    events = project.read(f"/apply/v1/operations/{operation_id}/events").json()["events"]
    return [e["phase"] for e in events if e["type"] == "commit.phase" and e["status"] == "started"]


def test_migrations_run_through_their_phases_and_are_listed(guestbook: Owned) -> None:
    spec = slice_of(uploaded("001_create", CREATE), uploaded("002_seed", SEED), expose=EXPOSE)
    plan = guestbook.plan(spec).json()
    assert plan["migrations"] == {
        "new": [
            {"id": "001_create", "checksum_hex": sha256(CREATE.encode()), "transaction": "default"},
            {"id": "002_seed", "checksum_hex": sha256(SEED.encode()), "transaction": "default"},
        ],
        "noop": [],
    }
    assert (plan["is_noop"], plan["summary"]) == (False, "migrations: 2 new; exposure changed.")
    assert [item["present"] for item in plan["missing_content"]] == [False, False]
    guestbook.upload({"1": CREATE.encode(), "2": SEED.encode()})
    operation = guestbook.wait(guestbook.commit(plan["plan_id"]).json()["operation_id"])
    expected = ["validate", "stage", "migrate-gate", "migrate", "schema-settle", "activate"]
    assert phases(guestbook, operation["operation_id"]) == expected
    assert App(guestbook).rows("items") == [{"id": 1, "title": "Milk"}]
    applied = guestbook.read("/apply/v1/releases/active").json()["migrations_applied"]
    assert [(row["migration_id"], row["checksum_hex"]) for row in applied] == [
        ("001_create", sha256(CREATE.encode())),
        ("002_seed", sha256(SEED.encode())),
    ]
    assert applied[0]["applied_at"].endswith("Z")


def test_the_same_migration_again_is_no_change(guestbook: Owned) -> None:
    spec = slice_of(inline("001", CREATE), expose=EXPOSE)
    first = run(guestbook, spec)
    plan = guestbook.plan(spec).json()
    assert (plan["is_noop"], plan["summary"]) == (True, "No changes.")
    assert [row["id"] for row in plan["migrations"]["noop"]] == ["001"]
    again = guestbook.wait(guestbook.commit(plan["plan_id"]).json()["operation_id"])
    assert again["release_id"] == first["release_id"]
    assert phases(guestbook, again["operation_id"]) == ["validate", "stage", "activate"]


def test_later_releases_carry_the_schema_forward(guestbook: Owned) -> None:
    first = run(guestbook, slice_of(inline("001", CREATE)))["release_id"]
    second = run(guestbook, slice_of(inline("001", CREATE), inline("002", SEED)))["release_id"]
    third = guestbook.deploy({"index.html": b"<h1>Hi</h1>"})["release_id"]
    for release, ids in ((first, ["001"]), (third, ["001", "002"])):
        found = guestbook.read(f"/apply/v1/releases/{release}").json()["migrations_applied"]
        assert [row["migration_id"] for row in found] == ids
    diff = guestbook.read(f"/apply/v1/releases/diff?from={first}&to={second}").json()
    assert diff["migrations"] == {"applied_between_releases": ["002"]}


def test_other_sql_under_a_known_id_is_refused(guestbook: Owned) -> None:
    operation = run(guestbook, slice_of(inline("001", CREATE)))
    response = guestbook.plan(slice_of(inline("001", f"{CREATE}; {SEED}")))
    body = response.json()
    assert (response.status_code, body["code"]) == (409, "MIGRATION_CHECKSUM_MISMATCH")
    assert body["details"]["operation_id"] == operation["operation_id"]


def test_a_failing_migration_undoes_all_of_them(guestbook: Owned) -> None:
    spec = slice_of(inline("001", CREATE), inline("002", f"{SEED}; INSERT INTO items (title) VALUES (NULL)"))
    operation = run(guestbook, spec, "failed")
    error = operation["error"]
    assert (error["code"], error["phase"], error["rolled_back"]) == ("MIGRATION_FAILED", "migrate", True)
    assert (error["mutation_state"], error["resource"]) == ("rolled_back", "database.migrations.002")
    assert error["details"] == {"migration_id": "002", "sqlstate": "23502"}
    tables = guestbook.serviced("GET", f"/projects/v1/admin/{guestbook.id}/schema").json()["tables"]
    assert tables == []
    assert guestbook.read("/apply/v1/releases/active").status_code == 404
    repaired = run(guestbook, slice_of(inline("001", CREATE), inline("002", SEED)))
    assert (repaired["status"], titles(guestbook)) == ("ready", ["Milk"])


def test_without_a_transaction_a_failure_needs_repair(guestbook: Owned) -> None:
    spec = slice_of(inline("001", f"{CREATE}; {SEED}; SELECT * FROM nosuch", transaction="none"))
    plan = guestbook.plan(spec).json()
    assert [(w["code"], w["requires_confirmation"]) for w in plan["warnings"]] == [
        ("MIGRATION_NON_TRANSACTIONAL", True)
    ]
    operation = guestbook.wait(guestbook.commit(plan["plan_id"]).json()["operation_id"], "needs_repair")
    assert (operation["error"]["mutation_state"], operation["error"]["rolled_back"]) == ("partial", False)
    assert titles(guestbook) == ["Milk"]


def test_sql_that_was_not_uploaded_is_not_found(guestbook: Owned) -> None:
    plan = guestbook.plan(slice_of(uploaded("001", CREATE))).json()
    response = guestbook.commit(plan["plan_id"])
    assert (response.status_code, response.json()["code"]) == (409, "MIGRATION_SQL_NOT_FOUND")
    guestbook.upload({"1": CREATE.encode()})
    assert guestbook.wait(guestbook.commit(plan["plan_id"]).json()["operation_id"])["status"] == "ready"


def test_uploaded_sql_that_cannot_run_is_refused_at_commit(guestbook: Owned) -> None:
    sql = "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql"
    plan = guestbook.plan(slice_of(uploaded("001", sql))).json()
    guestbook.upload({"1": sql.encode()})
    response = guestbook.commit(plan["plan_id"])
    assert (response.status_code, response.json()["code"]) == (501, "NOT_IMPLEMENTED")
    assert "CREATE FUNCTION" in response.json()["message"]


def test_a_manifest_that_does_not_fit_fails_the_plan(guestbook: Owned) -> None:
    response = guestbook.plan({"database": {"expose": EXPOSE}})
    body = response.json()
    assert (response.status_code, body["code"]) == (400, "INVALID_SPEC")
    assert [issue["type"] for issue in body["errors"]] == ["missing-table"]


def test_a_manifest_of_sql_that_is_uploaded_later_is_checked_at_commit(guestbook: Owned) -> None:
    other = "CREATE TABLE other (id int)"
    plan = guestbook.plan(slice_of(uploaded("001", other), expose=EXPOSE)).json()
    guestbook.upload({"1": other.encode()})
    response = guestbook.commit(plan["plan_id"])
    assert (response.status_code, response.json()["errors"][0]["type"]) == (400, "missing-table")


def test_custom_policies_are_refused_in_a_spec(guestbook: Owned) -> None:
    manifest = {"version": "1", "tables": [{"name": "items", "policy": "custom", "custom_sql": "x"}]}
    response = guestbook.plan(slice_of(inline("001", CREATE), expose=manifest))
    assert (response.status_code, response.json()["code"]) == (501, "NOT_IMPLEMENTED")


@pytest.mark.parametrize(
    ("sql", "codes"),
    [
        ("CREATE TABLE a (id int)", []),
        ("DROP TABLE items", ["MIGRATION_SCHEMA_SHRINKING"]),
        ("ALTER TABLE items DROP COLUMN title", ["MIGRATION_SCHEMA_SHRINKING"]),
        ("TRUNCATE items", ["MIGRATION_SCHEMA_SHRINKING"]),
        ("ALTER TABLE items ALTER COLUMN title DROP NOT NULL", []),
        ("CREATE INDEX ON items (title)", ["MIGRATION_LOCK_RISK"]),
        ("CREATE INDEX CONCURRENTLY i ON items (title)", []),
        ("INSERT INTO items (title) VALUES ('drop table x') -- drop table y", []),
    ],
)
def test_warnings_of_sql(guestbook: Owned, sql: str, codes: list[str]) -> None:
    run(guestbook, slice_of(inline("001", CREATE)))
    plan = guestbook.plan(slice_of(inline("002", sql))).json()
    assert [warning["code"] for warning in plan["warnings"]] == codes
    assert all(warning["affected"] == ["002"] for warning in plan["warnings"])


@pytest.mark.parametrize(
    "migration",
    [
        {"sql": CREATE},
        {"id": "001"},
        {"id": "001", "sql": CREATE, "checksum": "0" * 64},
        {"id": "001", "sql": CREATE, "transaction": "perhaps"},
        {"id": "001", "sql": CREATE, "sql_ref": {"sha256": "0" * 64, "size": 1}},
        {"id": "001", "sql": CREATE, "extra": 1},
    ],
)
def test_migrations_that_are_none(guestbook: Owned, migration: dict[str, Any]) -> None:
    response = guestbook.plan(slice_of(migration))
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_SPEC")


def test_a_name_becomes_an_id(guestbook: Owned) -> None:
    plan = guestbook.plan(slice_of({"name": "create", "sql": CREATE})).json()
    assert plan["migrations"]["new"][0]["id"] == f"create_{sha256(CREATE.encode())[:16]}"


def test_writes_wait_while_the_schema_changes(
    http: Http, guestbook: Owned, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(guestbook, slice_of(inline("001", CREATE), expose=EXPOSE))
    path = f"/projects/v1/admin/{guestbook.id}/sql"
    gate = "sandbox.store.operations.Operations.is_migrating"
    monkeypatch.setattr(gate, lambda _operations, project_id: project_id == guestbook.id)
    refused = guestbook.serviced("POST", path, content=SEED)
    assert (refused.status_code, refused.json()["code"], refused.json()["retryable"]) == (
        503,
        "MIGRATE_GATE_ACTIVE",
        True,
    )
    assert App(guestbook).insert("items", {"title": "x"}).status_code == 503
    assert App(guestbook).rows("items") == []

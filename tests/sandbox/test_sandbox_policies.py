"""Who sees and writes which rows: the policies of the expose manifest, and the manifest's own calls."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.sandbox_data import MANIFEST, SCHEMA, App, app_of
from tests.sandbox.sandbox_player import Owned, Player


@pytest.fixture
def app(guestbook: Owned) -> App:
    return app_of(guestbook)


def refusal(response: Any) -> tuple[int, str]:
    return response.status_code, str(response.json()["code"])


def test_bob_cannot_see_or_touch_alices_rows(app: App) -> None:
    alice, bob = app.person("alice"), app.person("bob")
    (note,) = app.insert("notes", {"text": "hers"}, token=alice).json()
    assert app.rows("notes", token=alice) == [note]
    assert app.rows("notes", token=bob) == []
    assert app.rows("notes?id=eq.1&select=count", token=bob) == [{"count": 0}]
    path = f"/rest/v1/notes?id=eq.{note['id']}"
    for method, body in (("PATCH", {"text": "his"}), ("DELETE", None)):
        touched = app.ask(method, path, token=bob, prefer="return=representation", json=body)
        assert (touched.status_code, touched.json()) == (200, [])
    assert app.rows("notes", token=alice) == [note]


def test_nobody_writes_rows_for_somebody_else(app: App) -> None:
    alice, bob = app.person("alice"), app.person("bob")
    (note,) = app.insert("notes", {"text": "hers"}, token=alice).json()
    forged = {"text": "forged", "owner_id": note["owner_id"]}
    assert refusal(app.insert("notes", forged, token=bob)) == (403, "42501")
    (own,) = app.insert("notes", {"text": "his"}, token=bob).json()
    given = app.ask(
        "PATCH", f"/rest/v1/notes?id=eq.{own['id']}", token=bob, json={"owner_id": note["owner_id"]}
    )
    assert refusal(given) == (403, "42501")
    stolen = app.insert(
        "notes?on_conflict=text", {"text": "hers"}, token=bob, prefer="resolution=merge-duplicates"
    )
    assert refusal(stolen) == (403, "42501")
    assert app.rows("notes", token=alice) == [note]


def test_strangers_see_no_owned_rows_and_write_none(app: App) -> None:
    app.insert("notes", {"text": "hers"}, token=app.person("alice"))
    assert app.rows("notes") == []
    assert refusal(app.insert("notes", {"text": "x"})) == (401, "42501")


def test_the_service_key_sees_everything(app: App) -> None:
    app.insert("notes", {"text": "hers"}, token=app.person("alice"))
    service = app.project.service_key
    assert [row["text"] for row in app.rows("notes", token=service)] == ["hers"]
    assert app.rows("dark", token=service) == []
    through_admin = app.project.serviced("GET", "/admin/v1/rest/notes?select=text")
    assert through_admin.json() == [{"text": "hers"}]


def test_public_reading_and_signed_in_writing(app: App) -> None:
    assert refusal(app.insert("posts", {"title": "x"})) == (401, "42501")
    (made,) = app.insert("posts", {"title": "x"}, token=app.person("alice")).json()
    assert app.rows("posts") == [made]
    for method, body in (("PATCH", {"title": "y"}), ("DELETE", None)):
        assert refusal(app.ask(method, "/rest/v1/posts?id=eq.1", json=body)) == (401, "42501")


def test_an_access_token_alone_is_enough(app: App) -> None:
    token = app.person("alice")
    player = app.project.player
    found = player.http.request("GET", f"{player.host}/rest/v1/posts", headers={"apikey": token})
    assert (found.status_code, found.json()) == (200, [])


def test_tokens_of_another_project_open_nothing(app: App, bob: Player) -> None:
    other = app_of(bob.project("other"))
    response = app.ask("GET", "/rest/v1/notes", token=other.person("alice"))
    assert refusal(response) == (401, "PGRST301")


def test_views_show_their_columns_and_rows_only(app: App) -> None:
    rows = [{"title": "a", "stars": 5, "live": True}, {"title": "b", "stars": 1, "live": True}]
    app.insert("posts", rows, token=app.project.service_key)
    assert app.rows("titles") == [{"title": "a"}]
    assert refusal(app.ask("GET", "/rest/v1/titles?stars=eq.5")) == (400, "42703")
    assert refusal(app.insert("titles", {"title": "c"})) == (401, "42501")


def test_tables_are_dark_until_they_are_exposed(guestbook: Owned) -> None:
    guestbook.serviced("POST", f"/projects/v1/admin/{guestbook.id}/sql", content=SCHEMA)
    assert refusal(App(guestbook).ask("GET", "/rest/v1/board")) == (401, "42501")


def test_a_new_manifest_replaces_the_one_before(app: App) -> None:
    path = f"/projects/v1/admin/{app.project.id}/expose"
    only = {"version": "1", "tables": [MANIFEST["tables"][0]]}
    assert app.project.serviced("POST", path, json=only).json() == {
        "status": "ok",
        "project_id": app.project.id,
        "applied": {"tables": ["posts"], "views": [], "rpcs": []},
        "dropped": {"tables": ["board", "notes"], "views": ["titles"], "rpcs": []},
    }
    assert refusal(app.ask("GET", "/rest/v1/board")) == (401, "42501")
    assert app.project.serviced("GET", path).json()["manifest"] == only


def test_the_schema_report_shows_policies(app: App) -> None:
    report = app.project.serviced("GET", f"/projects/v1/admin/{app.project.id}/schema").json()
    policies = {
        table["name"]: [policy["command"] for policy in table["policies"]] for table in report["tables"]
    }
    assert policies == {
        "board": ["SELECT", "INSERT", "UPDATE", "DELETE"],
        "dark": [],
        "notes": ["ALL"],
        "posts": ["SELECT", "INSERT", "UPDATE", "DELETE"],
    }


@pytest.mark.parametrize(
    ("manifest", "kind"),
    [
        ("{", "schema-shape"),
        ({"version": "2"}, "schema-shape"),
        ({"tables": [{"name": "posts", "policy": "everybody"}]}, "schema-shape"),
        ({"tables": [{"name": "nosuch", "policy": "public_read_authenticated_write"}]}, "missing-table"),
        (
            {"tables": [{"name": "posts", "policy": "public_read_write_UNRESTRICTED"}]},
            "unrestricted-ack-required",
        ),
        ({"tables": [{"name": "posts", "policy": "user_owns_rows", "owner_column": "x"}]}, "missing-column"),
        (
            {"tables": [{"name": "posts", "policy": "user_owns_rows", "force_owner_on_insert": True}]},
            "force-owner-without-owner-column",
        ),
        ({"views": [{"name": "v", "base": "nosuch", "select": ["x"]}]}, "missing-view-base"),
        ({"views": [{"name": "v", "base": "posts", "select": ["x"]}]}, "missing-column"),
        ({"rpcs": [{"name": "f", "signature": "()", "grant_to": ["anon"]}]}, "missing-rpc"),
    ],
)
def test_validation_names_what_is_wrong(app: App, manifest: Any, kind: str) -> None:
    path = f"/projects/v1/admin/{app.project.id}/expose"
    found = app.project.serviced("POST", f"{path}/validate", json={"manifest": manifest})
    assert (found.status_code, found.json()["hasErrors"]) == (200, True)
    assert [issue["type"] for issue in found.json()["errors"]] == [kind]
    if isinstance(manifest, dict):
        assert refusal(app.project.serviced("POST", path, json=manifest)) == (400, "INVALID_MANIFEST")


def test_validation_tries_sql_and_undoes_it(app: App) -> None:
    path = f"/projects/v1/admin/{app.project.id}/expose/validate"
    manifest = {"tables": [{"name": "fresh", "policy": "public_read_authenticated_write"}]}
    body = {"manifest": manifest, "migration_sql": "CREATE TABLE fresh (id int)"}
    assert app.project.serviced("POST", path, json=body).json()["errors"] == []
    assert app.project.serviced("POST", path, json={"manifest": manifest}).json()["hasErrors"] is True
    unread = {"manifest": manifest, "migration_sql": "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$"}
    found = app.project.serviced("POST", path, json=unread).json()
    assert ([issue["type"] for issue in found["warnings"]], found["errors"]) == (
        ["validation-inconclusive"],
        [],
    )


def test_a_wallet_may_validate_without_a_project(alice: Player) -> None:
    manifest = {"tables": [{"name": "t", "policy": "public_read_authenticated_write"}]}
    body = {"manifest": manifest, "migration_sql": "CREATE TABLE t (id int, password text)"}
    found = alice.ask("POST", "/projects/v1/expose/validate", json=body).json()
    assert ([issue["type"] for issue in found["warnings"]], found["has_errors"]) == (
        ["sensitive-column-public-write"],
        False,
    )


def test_custom_policies_are_not_pretended(app: App) -> None:
    manifest = {"tables": [{"name": "posts", "policy": "custom", "custom_sql": "CREATE POLICY p ON posts"}]}
    path = f"/projects/v1/admin/{app.project.id}/expose"
    assert refusal(app.project.serviced("POST", path, json=manifest)) == (501, "NOT_IMPLEMENTED")


def test_the_old_rls_call_is_gone(guestbook: Owned) -> None:
    body = {"template": "public_read", "tables": [{"table": "posts"}]}
    response = guestbook.serviced("POST", f"/projects/v1/admin/{guestbook.id}/rls", json=body)
    assert refusal(response) == (410, "ENDPOINT_RETIRED")

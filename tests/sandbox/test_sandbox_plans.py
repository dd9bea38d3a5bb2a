from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player, refs, sha256

SITE = {"index.html": b"<h1>A</h1>", "css/site.css": b"h1 {}"}
A_FILE = {"sha256": "a" * 64, "size": 1}


def test_plan_lists_every_object_and_what_it_would_do(guestbook: Owned) -> None:
    guestbook.upload({"index.html": SITE["index.html"]})
    body = guestbook.plan({"site": {"replace": refs(SITE)}, "subdomains": {"set": ["guests"]}}).json()
    assert (body["kind"], body["schema_version"]) == ("plan_response", "agent-deploy-observability.v1")
    assert {item["sha256"]: item["present"] for item in body["missing_content"]} == {
        sha256(SITE["index.html"]): True,
        sha256(SITE["css/site.css"]): False,
    }
    assert [row["path"] for row in body["site"]["added"]] == ["css/site.css", "index.html"]
    assert body["site"]["added"][1]["content_type"] == "text/html; charset=utf-8"
    assert body["subdomains"] == {"added": ["guests"], "removed": []}
    assert (body["base_release_id"], body["is_noop"], body["warnings"]) == (None, False, [])
    assert body["cost"]["storage_bytes_added"] == sum(len(data) for data in SITE.values())
    assert body["static_assets"]["added"] == 2
    assert body["summary"] == "2 files added; subdomains added: guests."


def test_dry_run_stores_nothing(guestbook: Owned) -> None:
    body = guestbook.plan({"site": {"replace": refs(SITE)}}, dry_run=True).json()
    assert (body["plan_id"], body["operation_id"]) == (None, None)
    assert guestbook.read("/apply/v1/operations").json()["operations"] == []


def test_both_spellings_make_the_same_release(guestbook: Owned) -> None:
    page = {"sha256": "a" * 64, "size": 1}
    camel = {
        "project": guestbook.id,
        "site": {"replace": {"x": {**page, "contentType": "text/css"}}},
        "i18n": {"defaultLocale": "en", "locales": ["en"]},
    }
    snake = {
        "project_id": guestbook.id,
        "site": {"replace": {"x": {**page, "content_type": "text/css"}}},
        "i18n": {"default_locale": "en", "locales": ["en"]},
    }
    digests = {
        guestbook.player.ask("POST", "/apply/v1/plans", json={"spec": spec}).json()["manifest_digest"]
        for spec in (camel, snake)
    }
    assert len(digests) == 1


def test_patch_touches_only_what_it_names(guestbook: Owned) -> None:
    guestbook.deploy({**SITE, "old.txt": b"old"})
    body = guestbook.plan(
        {"site": {"patch": {"put": refs({"new.txt": b"new"}), "delete": ["old.txt"]}}}
    ).json()
    assert [row["path"] for row in body["site"]["added"]] == ["new.txt"]
    assert (body["site"]["removed"], body["site"]["changed"]) == (["old.txt"], [])
    assert body["static_assets"]["unchanged"] == 2


def test_change_names_both_digests(guestbook: Owned) -> None:
    guestbook.deploy(SITE)
    new = {**SITE, "index.html": b"<h1>B</h1>"}
    body = guestbook.plan({"site": {"replace": refs(new)}}).json()
    change = body["site"]["changed"][0]
    assert (change["sha256_old"], change["sha256_new"]) == (
        sha256(SITE["index.html"]),
        sha256(new["index.html"]),
    )
    assert body["cost"]["storage_bytes_net"] == 0


def test_unchanged_site_is_a_noop(guestbook: Owned) -> None:
    guestbook.deploy(SITE)
    body = guestbook.plan({"site": {"replace": refs(SITE)}}).json()
    assert (body["is_noop"], body["summary"]) == (True, "No changes.")


def test_same_key_and_spec_give_the_same_plan(guestbook: Owned) -> None:
    spec = {"site": {"replace": refs(SITE)}}
    first, second = (guestbook.plan(spec, key="k").json() for _ in range(2))
    assert (first["plan_id"], first["operation_id"]) == (second["plan_id"], second["operation_id"])
    assert guestbook.plan({"i18n": None}, key="k").json()["plan_id"] != first["plan_id"]


def test_repeated_plan_tells_what_is_still_missing(guestbook: Owned) -> None:
    spec = {"site": {"replace": refs({"a.txt": b"a"})}}
    assert guestbook.plan(spec, key="k").json()["missing_content"][0]["present"] is False
    guestbook.upload({"a.txt": b"a"})
    assert guestbook.plan(spec, key="k").json()["missing_content"][0]["present"] is True


def test_large_spec_travels_as_content(guestbook: Owned) -> None:
    spec = json.dumps({"project_id": guestbook.id, "site": {"replace": refs(SITE)}}).encode()
    guestbook.upload({"manifest": spec})
    reference = {"sha256": sha256(spec), "size": len(spec), "content_type": "application/json"}
    body = {"spec": {"project_id": guestbook.id}, "manifest_ref": reference}
    answer = guestbook.player.ask("POST", "/apply/v1/plans", json=body).json()
    assert answer["site"]["totals"]["added"] == 2


def test_manifest_that_was_not_uploaded_is_refused(guestbook: Owned) -> None:
    body = {"spec": {"project_id": guestbook.id}, "manifest_ref": A_FILE}
    assert guestbook.player.ask("POST", "/apply/v1/plans", json=body).json()["resource"] == "manifest_ref"


@pytest.mark.parametrize(
    ("part", "resource"),
    [
        ({"sites": {}}, "sites"),
        ({"base": {"release": "last"}}, "base"),
        ({"base": {"release": "current", "release_id": "rel_x"}}, "base"),
        ({"site": []}, "site"),
        ({"site": {"replace": {}, "patch": {}}}, "site"),
        ({"site": {"files": {}}}, "site.files"),
        ({"site": {"replace": {"/index.html": A_FILE}}}, "site.replace./index.html"),
        ({"site": {"replace": {"../up": A_FILE}}}, "site.replace.../up"),
        ({"site": {"replace": {"_cas/x": A_FILE}}}, "site.replace._cas/x"),
        ({"site": {"replace": {"a": {"sha256": "A" * 64, "size": 1}}}}, "site.replace.a"),
        ({"site": {"replace": {"a": {"sha256": "a" * 64, "size": -1}}}}, "site.replace.a"),
        ({"site": {"replace": {"a": {**A_FILE, "content_type": "x\r\ny"}}}}, "site.replace.a"),
        ({"site": {"public_paths": {"mode": "implicit", "replace": {}}}}, "site.public_paths"),
        ({"site": {"public_paths": {"mode": "explicit"}}}, "site.public_paths"),
        (
            {"site": {"public_paths": {"mode": "explicit", "replace": {"/x": {"asset": "no"}}}}},
            "site.public_paths",
        ),
        ({"subdomains": {"set": ["Guests"]}}, "subdomains"),
        ({"subdomains": {"add": ["ab"]}}, "subdomains"),
        ({"subdomains": {"set": "guests"}}, "subdomains.set"),
        ({"routes": {"/x": {}}}, "routes"),
        ({"routes": {"replace": [{"pattern": "/x"}]}}, "routes.replace.0"),
        ({"secrets": {"set": {"A": "b"}}}, "secrets.set"),
        ({"secrets": {"require": ["lower"]}}, "secrets.require"),
        ({"secrets": {"require": ["A"], "delete": ["A"]}}, "secrets"),
        ({"checks": {}}, "checks"),
        ({"i18n": {"default_locale": "fr", "locales": ["en"]}}, "i18n.default_locale"),
        ({"i18n": {"default_locale": "en", "locales": []}}, "i18n.locales"),
    ],
)
def test_invalid_spec_names_its_part(guestbook: Owned, part: dict[str, Any], resource: str) -> None:
    response = guestbook.plan(part)
    body = response.json()
    assert (response.status_code, body["code"], body["resource"]) == (400, "INVALID_SPEC", resource)


ROUTE = {"pattern": "/hi", "methods": ["GET"], "target": {"type": "static", "file": "index.html"}}


@pytest.mark.parametrize(
    "changes",
    [
        {"pattern": "hi"},
        {"pattern": "/hi/*"},
        {"pattern": "/a?b"},
        {"pattern": "/%zz"},
        {"methods": ["POST"]},
        {"methods": None},
        {"methods": ["GET", "GET"]},
        {"target": {"type": "static", "file": "/index.html"}},
        {"target": {"type": "static", "file": "missing.html"}},
        {"pricing": {}},
    ],
)
def test_invalid_route_is_refused(guestbook: Owned, changes: dict[str, Any]) -> None:
    response = guestbook.plan(
        {"site": {"replace": refs(SITE)}, "routes": {"replace": [{**ROUTE, **changes}]}}
    )
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_SPEC")


def test_two_routes_for_one_address_are_refused(guestbook: Owned) -> None:
    routes = {"replace": [ROUTE, {**ROUTE, "pattern": "/hi/"}]}
    response = guestbook.plan({"site": {"replace": refs(SITE)}, "routes": routes})
    assert response.json()["resource"] == "routes.replace"


@pytest.mark.parametrize(
    "part",
    [
        {"functions": {"patch": {"set": {"f": {"triggers": [{"id": "nightly", "type": "schedule"}]}}}}},
        {
            "database": {
                "migrations": [{"id": "1", "sql": "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$"}]
            }
        },
    ],
)
def test_what_the_sandbox_does_not_run_is_said_plainly(guestbook: Owned, part: dict[str, Any]) -> None:
    response = guestbook.plan(part)
    body = response.json()
    assert (response.status_code, body["code"], body["mutation_state"]) == (501, "NOT_IMPLEMENTED", "none")


def test_empty_slices_ask_for_nothing(guestbook: Owned) -> None:
    empty = {"functions": {"patch": {"set": {}, "delete": []}}, "database": {}, "assets": {"put": []}}
    assert guestbook.plan({"site": {"replace": refs(SITE)}, **empty}).status_code == 200


def test_strangers_project_is_unknown(guestbook: Owned, bob: Player) -> None:
    response = bob.ask("POST", "/apply/v1/plans", json={"spec": {"project": guestbook.id, "i18n": None}})
    assert (response.status_code, response.json()["code"]) == (404, "PROJECT_NOT_FOUND")


def test_base_empty_is_for_the_first_deploy_only(guestbook: Owned) -> None:
    spec = {"base": {"release": "empty"}, "i18n": None}
    assert guestbook.plan(spec).status_code == 200
    guestbook.deploy(SITE)
    assert guestbook.plan(spec).json()["code"] == "BASE_RELEASE_CONFLICT"


def test_unknown_base_release_is_not_found(guestbook: Owned) -> None:
    assert guestbook.plan({"base": {"release_id": "rel_none"}, "i18n": None}).status_code == 404


def test_storage_above_the_tier_is_refused(guestbook: Owned) -> None:
    huge = {"huge.bin": {"sha256": "a" * 64, "size": 300 * 1024 * 1024}}
    body = guestbook.plan({"site": {"replace": huge}}).json()
    assert (body["code"], body["details"]["scope"]) == ("QUOTA_EXCEEDED", "account")


def test_hashed_name_must_keep_its_bytes(guestbook: Owned) -> None:
    guestbook.deploy({"app.0123456789ab.js": b"one"})
    body = guestbook.plan({"site": {"replace": refs({"app.0123456789ab.js": b"two"})}}).json()
    assert body["code"] == "STATIC_IMMUTABLE_PATH_CHANGED"
    assert body["details"]["failures"][0]["path"] == "/app.0123456789ab.js"


def test_commit_without_the_bytes_is_refused(guestbook: Owned) -> None:
    plan = guestbook.plan({"site": {"replace": refs(SITE)}}).json()
    body = guestbook.commit(plan["plan_id"]).json()
    assert (body["code"], body["plan_id"]) == ("CONTENT_UPLOAD_FAILED", plan["plan_id"])


def test_commit_over_another_release_is_a_conflict(guestbook: Owned) -> None:
    plan = guestbook.plan({"i18n": {"default_locale": "en", "locales": ["en"]}}).json()
    guestbook.deploy(SITE)
    response = guestbook.commit(plan["plan_id"])
    body = response.json()
    assert (response.status_code, body["code"], body["safe_to_retry"]) == (409, "BASE_RELEASE_CONFLICT", True)
    assert body["operation_id"] == plan["operation_id"]


def test_commit_needs_the_required_secrets(guestbook: Owned) -> None:
    plan = guestbook.plan({"secrets": {"require": ["API_KEY"]}}).json()
    assert [(w["code"], w["requires_confirmation"]) for w in plan["warnings"]] == [
        ("MISSING_REQUIRED_SECRET", True)
    ]
    assert guestbook.commit(plan["plan_id"]).json()["code"] == "MISSING_REQUIRED_SECRET"
    guestbook.serviced(
        "POST", f"/projects/v1/admin/{guestbook.id}/secrets", json={"key": "API_KEY", "value": "x"}
    )
    assert guestbook.commit(plan["plan_id"]).status_code == 200


def test_deleted_secrets_go_with_the_release(guestbook: Owned) -> None:
    path = f"/projects/v1/admin/{guestbook.id}/secrets"
    guestbook.serviced("POST", path, json={"key": "OLD", "value": "x"})
    plan = guestbook.plan({"secrets": {"delete": ["OLD", "NEVER_WAS"]}}).json()
    assert (plan["is_noop"], plan["secrets"]["removed"]) == (False, ["OLD"])
    guestbook.wait(guestbook.commit(plan["plan_id"]).json()["operation_id"])
    assert guestbook.serviced("GET", path).json()["secrets"] == []


def test_plan_expires_after_a_day(http: Http, guestbook: Owned) -> None:
    plan = guestbook.plan({"i18n": None}).json()
    http.turn(do="clock", seconds=25 * 3600, only="leases")
    response = guestbook.commit(plan["plan_id"])
    assert (response.status_code, response.json()["code"]) == (410, "PLAN_EXPIRED")


def test_strangers_plan_is_unknown(guestbook: Owned, bob: Player) -> None:
    plan = guestbook.plan({"i18n": None}).json()
    response = bob.ask("POST", f"/apply/v1/plans/{plan['plan_id']}/commit", json={})
    assert (response.status_code, response.json()["code"]) == (404, "PLAN_NOT_FOUND")

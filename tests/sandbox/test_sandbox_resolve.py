"""What the gateway says about an address, against what the address really answers (apply 3.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player

FILES = {"index.html": b"<h1>home</h1>", "docs/index.html": b"<h1>docs</h1>", "app.js": b"let x"}


@pytest.fixture
def site(guestbook: Owned) -> Owned:
    route = {"pattern": "/start", "methods": ["GET"], "target": {"type": "static", "file": "index.html"}}
    guestbook.deploy(FILES, subdomains={"set": ["site"]}, routes={"replace": [route]})
    return guestbook


def asked(owned: Owned, **query: str) -> dict[str, Any]:
    headers = {"apikey": owned.anon_key}
    response = owned.player.http.get("/apply/v1/resolve", params=query, headers=headers)
    assert response.status_code == 200, response.text
    return dict(response.json())


@pytest.mark.parametrize(
    ("path", "method", "result", "match", "fallback", "authorization"),
    [
        ("/", "GET", 200, "static_index", "not_used", "authorized"),
        ("/docs/", "GET", 200, "static_index", "not_used", "authorized"),
        ("/app.js", "HEAD", 200, "static_exact", "not_used", "authorized"),
        ("/start/", "GET", 200, "route_static_alias", "not_used", "authorized"),
        ("/some/page", "GET", 200, "spa_fallback", "used", "authorized"),
        ("/gone.css", "GET", 404, "none", "not_eligible", "not_public"),
        ("/app.js", "POST", 405, "none", "method_not_static", "not_public"),
        ("/start", "DELETE", 405, "route_method_miss", "not_used", "not_applicable"),
        ("/a%2Fb", "GET", 400, "path_error", "path_error", "path_error"),
    ],
)
def test_verdict_agrees_with_what_is_served(
    http: Http,
    site: Owned,
    path: str,
    method: str,
    result: int,
    match: str,
    fallback: str,
    authorization: str,
) -> None:
    found = asked(site, host="site.localhost", path=path, method=method)
    literals = (found["result"], found["match"], found["fallback_state"], found["authorization_result"])
    assert literals == (result, match, fallback, authorization)
    assert found["authorized"] == (result == 200)
    if result != 400:
        assert http.request(method, http.app("site", path)).status_code == result


def test_static_verdict_names_the_file_and_its_bytes(site: Owned) -> None:
    found = asked(site, host="SITE.localhost:8402", path="/app.js")
    live = site.read("/apply/v1/releases/active").json()
    assert found["release_id"] == live["release_id"]
    assert found["static_manifest_sha256"] == live["static_manifest_sha256"]
    assert found["asset_path"] == "app.js"
    assert found["cache_policy"] == "public, max-age=0, must-revalidate"
    assert found["cas_object"] == {
        "sha256": found["static_sha256"],
        "exists": True,
        "expected_size": 5,
        "actual_size": 5,
    }


def test_method_miss_lists_what_is_allowed(site: Owned) -> None:
    found = asked(site, host="site.localhost", path="/start", method="post")
    assert (found["allow"], found["route_pattern"], found["target_file"]) == (
        ["GET", "HEAD"],
        "/start",
        "index.html",
    )


def test_unknown_host_and_strangers_host_look_alike(site: Owned, bob: Player) -> None:
    missing = {
        "hostname": "nobody.localhost",
        "result": 404,
        "match": "host_missing",
        "authorized": False,
        "fallback_state": "unavailable",
    }
    assert asked(site, host="nobody.localhost") == missing
    assert asked(bob.project(), host="site.localhost") == {**missing, "hostname": "site.localhost"}


@pytest.mark.parametrize("query", [{}, {"host": "a/b"}, {"host": "site.localhost", "method": "BREW"}])
def test_incomplete_question_is_refused(site: Owned, query: dict[str, str]) -> None:
    headers = {"apikey": site.anon_key}
    response = site.player.http.get("/apply/v1/resolve", params=query, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "BAD_FIELD")

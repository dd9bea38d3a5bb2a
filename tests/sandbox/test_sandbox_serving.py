from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, refs, sha256

FILES = {
    "index.html": b"<h1>home</h1>",
    "docs/index.html": b"<h1>docs</h1>",
    "about.html": b"<h1>about</h1>",
    "a b.txt": b"spaced",
    "100%.txt": b"percent",
    "app.0123456789ab.js": b"let x",
    "data.unknown": b"?",
}


@pytest.fixture
def site(http: Http, guestbook: Owned) -> Http:
    """The files at `site.localhost`, with a route."""
    route = {"pattern": "/über-uns", "methods": ["GET"], "target": {"type": "static", "file": "about.html"}}
    guestbook.deploy(FILES, subdomains={"set": ["site"]}, routes={"replace": [route]})
    return http


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"),
        ("/index.html", "index.html"),
        ("/docs/", "docs/index.html"),
        ("/docs/index.html", "docs/index.html"),
        ("/a%20b.txt", "a b.txt"),
        ("/100%25.txt", "100%.txt"),
        ("/about.html?x=1", "about.html"),
        ("/%C3%BCber-uns", "about.html"),
        ("/%C3%BCber-uns/", "about.html"),
        ("/some/client/route", "index.html"),
    ],
)
def test_address_shows_its_file(site: Http, path: str, file: str) -> None:
    response = site.get(site.app("site", path))
    assert (response.status_code, response.content) == (200, FILES[file])


@pytest.mark.parametrize("path", ["/missing.txt", "/docs/missing.css", "/../index.txt", "/_cas/x.y"])
def test_unknown_file_is_a_404_page(site: Http, path: str) -> None:
    response = site.get(site.app("site", path))
    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        ("/", "text/html; charset=utf-8", "public, max-age=0, must-revalidate"),
        ("/app.0123456789ab.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/data.unknown", "application/octet-stream", "public, max-age=0, must-revalidate"),
    ],
)
def test_headers_say_type_cache_and_digest(site: Http, path: str, kind: str, cache: str) -> None:
    response = site.get(site.app("site", path))
    assert (response.headers["content-type"], response.headers["cache-control"]) == (kind, cache)
    assert response.headers["etag"] == f'"{sha256(response.content)}"'
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-run402-request-id"].startswith("req_")


def test_head_has_the_headers_only(site: Http) -> None:
    response = site.head(site.app("site"))
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == str(len(FILES["index.html"]))


def test_known_etag_needs_no_body(site: Http) -> None:
    etag = site.get(site.app("site")).headers["etag"]
    response = site.get(site.app("site"), headers={"If-None-Match": f'"x", W/{etag}'})
    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag)


def test_range_gets_a_part(site: Http) -> None:
    response = site.get(site.app("site", "/a%20b.txt"), headers={"Range": "bytes=1-3"})
    assert (response.status_code, response.content) == (206, b"pac")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(site: Http, method: str) -> None:
    response = site.request(method, site.app("site"))
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


def test_unknown_name_has_no_app(http: Http) -> None:
    response = http.get(http.app("nobody"))
    assert (response.status_code, "No app here" in response.text) == (404, True)


def test_every_deployment_keeps_its_own_host(http: Http, guestbook: Owned) -> None:
    first = guestbook.deploy({"index.html": b"one"})
    second = guestbook.deploy({"index.html": b"two"})
    assert [http.get(operation["urls"]["release"]).text for operation in (first, second)] == ["one", "two"]


def explicit(project: Owned, paths: dict[str, Any]) -> None:
    project.upload(FILES)
    site = {"replace": refs(FILES), "public_paths": {"mode": "explicit", "replace": paths}}
    plan = project.plan({"site": site, "subdomains": {"set": ["explicit"]}}).json()
    project.wait(project.commit(plan["plan_id"]).json()["operation_id"])


def test_explicit_paths_show_nothing_else(http: Http, guestbook: Owned) -> None:
    explicit(guestbook, {"/": {"asset": "about.html"}, "/x%20y": {"asset": "docs/index.html"}})
    found = {
        path: http.get(http.app("explicit", path)) for path in ("/", "/x%20y", "/index.html", "/anything")
    }
    assert [response.status_code for response in found.values()] == [200, 200, 404, 404]
    assert found["/"].content == FILES["about.html"]


def test_declared_cache_class_needs_a_hashed_name(http: Http, guestbook: Owned) -> None:
    promised = {"cache_class": "immutable_versioned"}
    explicit(
        guestbook,
        {"/a.js": {"asset": "app.0123456789ab.js", **promised}, "/b": {"asset": "about.html", **promised}},
    )
    caches = [http.get(http.app("explicit", path)).headers["cache-control"] for path in ("/a.js", "/b")]
    assert caches == ["public, max-age=31536000, immutable", "public, max-age=0, must-revalidate"]


def test_explicit_mode_is_kept_by_later_deploys(http: Http, guestbook: Owned) -> None:
    explicit(guestbook, {"/": {"asset": "about.html"}})
    guestbook.deploy({**FILES, "about.html": b"changed"})
    assert http.get(http.app("explicit")).text == "changed"
    assert http.get(http.app("explicit", "/index.html")).status_code == 404


def test_foreign_host_is_misdirected(http: Http) -> None:
    response = http.get("/health", headers={"Host": "attacker.example"})
    assert (response.status_code, response.json()["code"]) == (421, "MISDIRECTED_REQUEST")

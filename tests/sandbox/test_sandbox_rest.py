"""The automatic API: PostgREST's grammar, preferences and errors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.sandbox_data import App, app_of
from tests.sandbox.sandbox_player import Owned

POSTS: list[dict[str, Any]] = [
    {"title": "Alpha", "body": {"tag": "a", "n": 1}, "stars": 1, "live": True},
    {"title": "beta, too", "body": {"tag": "b", "n": 2}, "stars": 2, "live": False},
    {"title": "Gamma", "body": None, "stars": None, "live": True},
]


@pytest.fixture
def app(guestbook: Owned) -> App:
    app = app_of(guestbook)
    assert app.insert("posts", POSTS, token=guestbook.service_key).status_code == 201
    return app


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("id=eq.2", [2]),
        ("id=neq.2", [1, 3]),
        ("stars=gt.1", [2]),
        ("stars=gte.1&stars=lt.2", [1]),
        ("stars=lte.2", [1, 2]),
        ("title=like.*a", [1, 3]),
        ("title=ilike.B*", [2]),
        ("title=match.^[AG]", [1, 3]),
        ("stars=is.null", [3]),
        ("stars=not.is.null", [1, 2]),
        ("live=is.true", [1, 3]),
        ("live=eq.false", [2]),
        ('title=in.(Alpha,"beta, too")', [1, 2]),
        ("id=not.in.(1,2)", [3]),
        ("or=(stars.eq.1,title.eq.Gamma)", [1, 3]),
        ("or=(stars.eq.9,and(live.is.true,stars.not.is.null))", [1]),
        ("and=(id.gt.1,live.is.true)", [3]),
        ("not.or=(id.eq.1,id.eq.2)", [3]),
        ("body->>tag=eq.b", [2]),
        ("order=id.desc", [3, 2, 1]),
        ("order=stars", [1, 2, 3]),
        ("order=stars.desc", [3, 2, 1]),
        ("order=stars.desc.nullslast,id", [2, 1, 3]),
        ("order=live.asc.nullsfirst,id.desc", [2, 3, 1]),
        ("order=id&limit=1&offset=1", [2]),
    ],
)
def test_filters_and_order(app: App, query: str, ids: list[int]) -> None:
    assert [row["id"] for row in app.rows(f"posts?{query}")] == ids


@pytest.mark.parametrize(
    ("select", "row"),
    [
        ("title,live", {"title": "Alpha", "live": True}),
        ("name:title", {"name": "Alpha"}),
        ("id::text", {"id": "1"}),
        ("body", {"body": {"tag": "a", "n": 1}}),
        ("body->tag", {"tag": "a"}),
        ("kind:body->>tag", {"kind": "a"}),
        ("count", {"count": 1}),
        ("stars.sum(),live", {"sum": 1, "live": True}),
        ("*", {"id": 1, **POSTS[0]}),
    ],
)
def test_select(app: App, select: str, row: dict[str, object]) -> None:
    assert app.rows(f"posts?select={select}&id=eq.1") == [row]


def test_a_range_is_a_page_and_counts_when_asked(app: App) -> None:
    page = app.ask("GET", "/rest/v1/posts?order=id", headers={"Range": "0-1"}, prefer="count=exact")
    assert (page.status_code, page.headers["content-range"], len(page.json())) == (206, "0-1/3", 2)
    rest = app.ask("GET", "/rest/v1/posts?order=id&offset=2")
    assert (rest.status_code, rest.headers["content-range"]) == (200, "2-2/*")
    beyond = app.ask("GET", "/rest/v1/posts?offset=9", prefer="count=exact")
    assert (beyond.status_code, beyond.json()["code"]) == (416, "PGRST103")
    empty = app.ask("HEAD", "/rest/v1/board", prefer="count=exact")
    assert (empty.status_code, empty.headers["content-range"], empty.content) == (200, "*/0", b"")


def test_one_object_instead_of_a_list(app: App) -> None:
    headers = {"Accept": "application/vnd.pgrst.object+json"}
    assert app.ask("GET", "/rest/v1/posts?id=eq.1&select=id", headers=headers).json() == {"id": 1}
    several = app.ask("GET", "/rest/v1/posts", headers=headers)
    assert (several.status_code, several.json()["code"]) == (406, "PGRST116")


def test_written_rows_come_back_when_asked(app: App) -> None:
    quiet = app.ask("POST", "/rest/v1/board", json={"text": "hello"})
    assert (quiet.status_code, quiet.content) == (201, b"")
    made = app.insert("board?select=id", {"text": "again"})
    assert (made.status_code, made.json()) == (201, [{"id": 2}])
    assert made.headers["preference-applied"] == "return=representation"
    changed = app.ask("PATCH", "/rest/v1/board?id=eq.2", prefer="return=representation", json={"text": "new"})
    assert (changed.status_code, changed.json()) == (200, [{"id": 2, "text": "new"}])
    assert app.ask("PATCH", "/rest/v1/board?id=eq.1", json={"text": "x"}).status_code == 204
    gone = app.ask("DELETE", "/rest/v1/board?id=eq.1", prefer="return=representation")
    assert gone.json() == [{"id": 1, "text": "x"}]
    assert app.ask("DELETE", "/rest/v1/board?id=gt.0", prefer="count=exact").headers["content-range"] == "*/1"
    assert app.rows("board") == []


def test_many_rows_are_all_or_nothing(app: App) -> None:
    service = app.project.service_key
    bad = app.insert("posts", [{"title": "x"}, {"title": None}], token=service)
    assert (bad.status_code, bad.json()["code"]) == (400, "23502")
    assert len(app.rows("posts")) == 3
    uneven = app.insert("posts", [{"title": "x"}, {"title": "y", "stars": 1}], token=service)
    assert uneven.json()["message"] == "All object keys must match"
    chosen = app.insert("posts?columns=title", [{"title": "x", "stars": 7}, {"title": "y"}], token=service)
    assert [row["stars"] for row in chosen.json()] == [0, 0]


def test_duplicates_are_merged_or_left(app: App) -> None:
    row = {"id": 1, "title": "New"}
    service = app.project.service_key
    merged = app.insert("posts", row, token=service, prefer="resolution=merge-duplicates")
    assert (merged.json()[0]["title"], merged.json()[0]["stars"]) == ("New", 1)
    other = {**row, "title": "Other"}
    left = app.insert("posts", other, token=service, prefer="resolution=ignore-duplicates")
    assert left.json() == []
    clash = app.insert("posts", row, token=service)
    assert (clash.status_code, clash.json()["code"]) == (409, "23505")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nosuch", 404, "PGRST205"),
        ("posts?nosuch=eq.1", 400, "42703"),
        ("posts?select=nosuch", 400, "42703"),
        ("posts?id=eq.x", 400, "22P02"),
        ("posts?id=what.1", 400, "PGRST100"),
        ("posts?id=1", 400, "PGRST100"),
        ("posts?or=id.eq.1", 400, "PGRST100"),
        ("posts?limit=x", 400, "PGRST100"),
        ("posts?select=id,notes(*)", 501, "NOT_IMPLEMENTED"),
        ("posts?body=cs.1", 501, "NOT_IMPLEMENTED"),
        ("dark", 401, "42501"),
        ("rpc/anything", 403, "forbidden_function"),
    ],
)
def test_errors(app: App, path: str, status: int, code: str) -> None:
    response = app.ask("GET", f"/rest/v1/{path}")
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_error_bodies_have_postgrests_four_fields(app: App) -> None:
    body = app.insert("board", {"nosuch": 1}).json()
    assert body == {
        "code": "PGRST204",
        "details": None,
        "hint": None,
        "message": "Could not find the 'nosuch' column of 'board' in the schema cache",
    }


def test_values_cannot_leave_their_place(app: App) -> None:
    evil = "x'); DROP TABLE board; --"
    assert app.insert("board", {"text": evil}).json() == [{"id": 1, "text": evil}]
    assert app.ask("GET", "/rest/v1/board", params={"text": f"eq.{evil}"}).json() == [{"id": 1, "text": evil}]
    attempts = ({"id; DROP TABLE board": "eq.1"}, {"select": 'id" FROM posts --'}, {"order": "id; DROP"})
    for parameters in attempts:
        assert app.ask("GET", "/rest/v1/board", params=parameters).status_code == 400


def test_requests_need_a_key(app: App) -> None:
    player = app.project.player
    assert player.http.request("GET", f"{player.host}/rest/v1/board").status_code == 401
    assert app.ask("GET", "/rest/v1/board", token="nonsense").json()["code"] == "PGRST301"


def test_every_origin_may_call(app: App) -> None:
    asked = {
        "Origin": "http://guests.localhost",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "apikey, authorization, prefer, content-type",
    }
    for path in ("/rest/v1/board", "/auth/v1/token", "/functions/v1/hello"):
        preflight = app.ask("OPTIONS", path, headers=asked)
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, "*")
        assert "apikey" in preflight.headers["access-control-allow-headers"]
    plain = app.ask("GET", "/rest/v1/dark", headers={"Origin": "http://guests.localhost"})
    assert (plain.status_code, plain.headers["access-control-allow-origin"]) == (401, "*")

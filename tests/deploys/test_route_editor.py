"""The editor of the route table: its rules, bad input of every kind, and the plan that it ends in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from core.errors import Refusal
from deploys.models import Deploy, Release, Source
from deploys.routing import Site, site_of
from deploys.table.checking import problems_of
from deploys.table.rows import Row, pasted, rows_of, typed
from operations.models import Operation, State
from projects.models import Project
from teams.models import User
from tests.deploys.conftest import Get, confirm, operation_of
from tests.deploys.test_releases import deploy_elsewhere, release_here
from tests.deploys.test_routes import INVENTORY, alias, function
from tests.factories import ReleaseFactory
from tests.fixtures import ClientAs, RunOperations

SITE = Site(files=frozenset({"index.html", "a/b.html"}), functions=frozenset({"api"}), direct={})


def problems(*rows: Row) -> dict[int, list[str]]:
    return problems_of(rows, SITE)


def to_file(pattern: str, name: str = "index.html", methods: str = "") -> Row:
    return Row(1, pattern=pattern, type="static", name=name, methods=methods)


def to_function(pattern: str, name: str = "api", methods: str = "", **more: Any) -> Row:
    return Row(1, pattern=pattern, type="function", name=name, methods=methods, **more)


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (to_function("api/*"), "starts with “/”"),
        (to_function("/" + "x" * 256), "at most 256 bytes"),
        (to_function("/a?b=1"), "no “?” and no “#”"),
        (to_function("/a%2"), "two hexadecimal digits. Write “%25”"),
        (to_function("/a%2fb"), "An encoded slash never reaches a route"),
        (to_function("/a%5Cb"), "An encoded slash never reaches a route"),
        (to_function("/a/*/b"), "“*” stands only at the end"),
        (to_function("/a*"), "“*” stands only at the end"),
        (to_function("/*"), "would take the whole site"),
        (to_function("/a//b"), "no empty part"),
        (to_function("/a/../b"), "no empty part"),
        (to_function("/a/%2e%2e/b"), "no empty part"),
        (to_function("/a b"), "no space"),
        (to_function("/a", methods="GET BREW"), "“BREW” is no method of a route"),
        (to_function("/a", methods="GET, GET"), "GET stands there twice"),
        (to_function("/a", name=""), "Say which function"),
        (to_function("/a", name="gone"), "no function “gone”. It has: api."),
        (to_function("/a", readonly=True), "Untick it."),
        (to_file("/a/*"), "A route to a file has no “*”"),
        (to_file("/a", methods="POST"), "A file answers GET"),
        (to_file("/a", name="/index.html"), "no “/” at either end"),
        (to_file("/a", name="none.html"), "no file “none.html”. Deploy the file first"),
        (Row(1, pattern="/a", type="proxy", name="x"), "Choose one of them"),
    ],
)
def test_each_broken_rule_is_one_sentence_with_the_way_out(row: Row, part: str) -> None:
    found = problems(row)
    assert [len(sentences) for sentences in found.values()] == [1]
    assert part in found[1][0]


@pytest.mark.parametrize(
    "row",
    [
        to_function("/api/*"),
        to_function("/api/*", methods="get,head", readonly=True),
        to_function("/caf%C3%A9", methods="POST"),
        to_file("/start"),
        to_file("/start", "a/b.html", "GET"),
    ],
)
def test_what_keeps_the_rules_is_not_objected_to(row: Row) -> None:
    assert problems(row) == {}


def test_two_rows_may_share_a_pattern_but_no_method() -> None:
    one, two = to_function("/a", methods="GET"), Row(2, pattern="/a/", name="api", methods="HEAD")
    part = Row(2, pattern="/a/", name="api", methods="POST")
    assert (list(problems(one, two)), problems(one, part)) == ([2], {})


def test_a_table_of_101_is_one_sentence() -> None:
    rows = [Row(number, pattern=f"/p{number}", name="api") for number in range(1, 102)]
    assert problems(*rows) == {
        0: [
            "A table has at most 100 routes, and this one has 101. Join some of them under a wildcard such as /api/*."
        ]
    }
    assert problems(*rows[:100]) == {}


def test_what_an_entry_holds_without_a_field_here_is_kept() -> None:
    priced = {
        **function("/pay/*"),
        "pricing": {"mode": "always"},
        "kind": "prefix",
        "prefix": "/pay/",
        "new": 1,
    }
    row = rows_of([priced])[0]
    assert row.document == {**function("/pay/*"), "pricing": {"mode": "always"}, "new": 1}
    assert row.kept == "new, pricing"


def test_a_field_that_somebody_forged_counts_as_nothing() -> None:
    forged = json.dumps({"entry": {"pattern": "/evil", "x": 1}, "target": "y"})
    rows = [to_function("/a", extra=extra) for extra in (forged, "{", "[]")]
    assert [row.document["pattern"] for row in rows] == ["/a"] * 3


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "This is not JSON"),
        ('{"/a": {}}', "not an object with paths as keys"),
        ('"x"', "Paste a list of routes"),
        ("[1]", "Paste a list of routes"),
        ('[{"pattern": "/a", "target": {"function": "api"}}]', "Route 1: a target is"),
        ('[{"pattern": "/a", "methods": "GET", "target": {}}]', "Route 1: methods are a list"),
        ('[{"pattern": "/a", "target": {}, "paths": 1}]', "“paths” is no part of a route"),
        (json.dumps([function(f"/p{number}") for number in range(121)]), "this one has 121"),
    ],
)
def test_pasted_text_that_is_no_table_is_refused_in_one_sentence(text: str, part: str) -> None:
    with pytest.raises(Refusal) as refused:
        pasted(text)
    assert part in str(refused.value)


def test_a_table_is_pasted_in_every_form_that_the_manifest_knows() -> None:
    table = [function("/api/*", "api", "GET"), alias("/start", "index.html")]
    texts = [json.dumps(one) for one in (table, {"replace": table}, {"routes": {"replace": table}})]
    assert [[row.document for row in pasted(text)] for text in texts] == [table] * 3


def test_removed_and_empty_rows_are_left_out_and_the_others_numbered_anew() -> None:
    form = {
        "pattern-1": "/a",
        "name-1": "api",
        "remove-1": "1",
        "pattern-2": "",
        "pattern-7": "/b",
        "name-7": "api",
    }
    assert [(row.number, row.pattern) for row in typed(form)] == [(1, "/b")]


# --- The page ---


@pytest.fixture
def shown(project: Project) -> Release:
    inventory = {**INVENTORY, "routes": {"entries": [function("/admin/*"), alias("/start", "index.html")]}}
    made: Release = ReleaseFactory.create(
        project=project, remote_id="rel_live", status="active", inventory=inventory
    )
    return made


def fields(*rows: dict[str, Any], base: str = "rel_live", do: str = "plan") -> dict[str, str]:
    """Return what the form sends for these entries."""
    found = {"base": base, "do": do}
    for row in rows_of(list(rows)):
        values = {
            "pattern": row.pattern,
            "methods": row.methods,
            "type": row.type,
            "name": row.name,
            "extra": row.extra,
        }
        found |= {f"{name}-{row.number}": value for name, value in values.items()}
    return found


def test_the_form_begins_with_the_live_table(client_as: ClientAs, project: Project, shown: Release) -> None:
    page = client_as(project.created_by).get(f"/projects/{project.pk}/routes/edit").content.decode()
    wanted = ('value="/admin/*"', 'value="/start"', 'value="rel_live"', "Hides the file at /admin/help.html.")
    assert [part for part in wanted if part not in page] == []


def test_checking_shows_what_is_wrong_and_keeps_what_was_typed(
    client_as: ClientAs, project: Project, shown: Release
) -> None:
    browser = client_as(project.created_by)
    sent = fields(function("/a/*/b"), function("/ok/*"), do="check")
    answer = browser.post(f"/projects/{project.pk}/routes/edit", sent)
    page = answer.content.decode()
    wanted = ("“*” stands only at the end", 'value="/a/*/b"', 'value="/ok/*"', 'aria-invalid="true"')
    assert (answer.status_code, [part for part in wanted if part not in page]) == (422, [])
    sound = browser.post(f"/projects/{project.pk}/routes/edit", fields(function("/ok/*"), do="check"))
    assert (sound.status_code, "Every row keeps the rules" in sound.content.decode()) == (200, True)


def test_a_broken_table_is_not_planned(client_as: ClientAs, project: Project, shown: Release) -> None:
    table = [function(f"/p{number}/*") for number in range(101)]
    answer = client_as(project.created_by).post(f"/projects/{project.pk}/routes/edit", fields(*table))
    assert (answer.status_code, "this one has 101" in answer.content.decode()) == (422, True)
    assert (Deploy.objects.count(), Source.objects.count()) == (0, 0)


def test_json_goes_into_the_rows(client_as: ClientAs, project: Project, shown: Release) -> None:
    sent = {"base": "rel_live", "do": "json", "json": json.dumps([function("/new/*")])}
    page = client_as(project.created_by).post(f"/projects/{project.pk}/routes/edit", sent).content.decode()
    assert ('value="/new/*"' in page, 'value="/admin/*"' in page) == (True, False)


def test_more_rows_are_ten_and_nothing_is_lost(client_as: ClientAs, project: Project, shown: Release) -> None:
    sent = fields(function("/ok/*"), do="more")
    page = client_as(project.created_by).post(f"/projects/{project.pk}/routes/edit", sent).content.decode()
    assert (page.count('name="pattern-'), 'value="/ok/*"' in page) == (11, True)


def test_who_began_from_an_older_release_is_told_and_keeps_the_rows(
    client_as: ClientAs, project: Project, shown: Release
) -> None:
    sent = fields(function("/mine/*"), base="rel_older")
    answer = client_as(project.created_by).post(f"/projects/{project.pk}/routes/edit", sent)
    page = answer.content.decode()
    wanted = (
        "went live since you opened this table",
        'value="/mine/*"',
        'value="rel_live"',
        "Look at the live table",
    )
    assert (answer.status_code, [part for part in wanted if part not in page]) == (422, [])
    assert Deploy.objects.count() == 0


def test_a_table_that_nobody_saw_is_not_replaced(client_as: ClientAs, project: Project) -> None:
    browser = client_as(project.created_by)
    assert "nothing is live yet" in browser.get(f"/projects/{project.pk}/routes/edit").content.decode()
    ReleaseFactory.create(project=project, status="active")
    assert (
        "was not read from the gateway yet"
        in browser.get(f"/projects/{project.pk}/routes/edit").content.decode()
    )
    assert Operation.objects.filter(kind="releases.sync").count() == 1


def test_a_viewer_is_not_let_in_and_sees_no_link(
    client_as: ClientAs, project: Project, shown: Release, dora: User
) -> None:
    browser = client_as(dora)
    page = browser.get(f"/projects/{project.pk}/routes").content.decode()
    assert (browser.get(f"/projects/{project.pk}/routes/edit").status_code, "routes/edit" in page) == (
        403,
        False,
    )


def test_new_routes_go_live_and_nothing_else_changes(
    as_bob: Client, project: Project, address: str, run_operations: RunOperations, served: Get
) -> None:
    release_here(as_bob, project, run_operations, index="one", other="two", subdomain=address)
    project.refresh_from_db()
    live = project.live_release
    sent = fields(alias("/start", "other.html"), base=live)
    answer = as_bob.post(f"/projects/{project.pk}/routes/edit", sent)
    deploy = Deploy.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    run_operations()
    deploy.refresh_from_db()
    plan = deploy.reviewed_plan
    changed = {part: counts for part, counts in plan["totals"].items() if any(counts.values())}
    assert (operation_of(deploy).state, changed) == (
        State.WAITING,
        {"routes": {"added": 1, "changed": 0, "removed": 0}},
    )
    confirm(as_bob, deploy, *[warning["code"] for warning in plan["warnings"] if warning["blocking"]])
    run_operations()
    assert (operation_of(deploy).state, operation_of(deploy).error) == (State.SUCCEEDED, {})
    assert [served(address, path).text for path in ("start", "", "other.html")] == ["two", "one", "two"]
    assert deploy.release is not None
    assert (sorted(deploy.release.archive["site"]), site_of(deploy.release.inventory).files) == (
        ["index.html", "other.html"],
        frozenset({"index.html", "other.html"}),
    )
    again = as_bob.post(f"/projects/{project.pk}/routes/edit", sent)
    assert (again.status_code, "went live since you opened" in again.content.decode()) == (422, True)


def test_all_routes_are_taken_away_by_an_empty_form(
    as_bob: Client, project: Project, address: str, run_operations: RunOperations
) -> None:
    deploy_elsewhere(project, {"index.html": b"one"}, address)
    as_bob.get(f"/projects/{project.pk}/releases")
    run_operations()
    project.refresh_from_db()
    for table in ([alias("/start", "index.html")], []):
        project.refresh_from_db()
        answer = as_bob.post(f"/projects/{project.pk}/routes/edit", fields(*table, base=project.live_release))
        deploy = Deploy.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
        run_operations()
        confirm(as_bob, deploy)
        run_operations()
        assert operation_of(deploy).state == State.SUCCEEDED
    live = Release.objects.get(project=project, status="active")
    assert live.inventory["routes"]["entries"] == []

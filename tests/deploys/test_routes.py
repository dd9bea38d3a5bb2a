"""The route table: order, what hides what, and the page of what is live."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from deploys import routing, warned
from deploys.models import Release
from deploys.pages.changes import changes_of
from deploys.pages.routes import public_paths, route_rows
from deploys.services import refresh_releases
from projects.models import Project
from teams.models import User
from tests.deploys.test_releases import deploy_elsewhere
from tests.factories import OperationFactory, ReleaseFactory
from tests.fixtures import ClientAs, RunOperations

#: Every documented code (contract: apply 2.10, 3.4).
CLOUD = """PUBLIC_ROUTED_FUNCTION ROUTE_TARGET_CARRIED_FORWARD ROUTE_SHADOWS_STATIC_PATH
    WILDCARD_ROUTE_SHADOWS_STATIC_PATHS METHOD_SPECIFIC_ROUTE_ALLOWS_GET_STATIC_FALLBACK
    WILDCARD_ROUTE_EXCLUDES_MUTATION_METHODS ROUTE_TABLE_NEAR_LIMIT STATIC_ALIAS_TABLE_NEAR_LIMIT ROUTES_NOT_ENABLED
    STATIC_ALIAS_SHADOWS_STATIC_PATH STATIC_ALIAS_RELATIVE_ASSET_RISK STATIC_ALIAS_DUPLICATE_CANONICAL_URL
    STATIC_ALIAS_EXTENSIONLESS_NON_HTML MISSING_REQUIRED_SECRET DIFF_TRUNCATED"""
CORE = """DESTRUCTIVE_FUNCTION_REMOVAL DESTRUCTIVE_SUBDOMAIN_REMOVAL DESTRUCTIVE_SECRET_REMOVAL
    DESTRUCTIVE_SITE_BULK_REMOVAL SITE_ENTRYPOINT_REMOVED ZERO_SITE_FILES_AFTER ZERO_FUNCTIONS_AFTER
    ZERO_SUBDOMAINS_AFTER MIGRATION_NON_TRANSACTIONAL PUBLIC_PATH_MODE_WIDENS_TO_IMPLICIT
    STATIC_ALIAS_REDUNDANT_PUBLIC_PATH SITE_NO_REACHABLE_HTML MIGRATION_SCHEMA_SHRINKING MIGRATION_LOCK_RISK
    MIGRATION_RLS_DISABLED MIGRATION_POLICY_REMOVAL MIGRATION_PUBLIC_GRANT MIGRATION_SECURITY_DEFINER"""
PROMOTE = "MIGRATIONS_NOT_REVERSIBLE FUNCTION_VERSION_MISMATCH"


def function(pattern: str, name: str = "api", *methods: str) -> dict[str, Any]:
    chosen = {"methods": list(methods)} if methods else {}
    return {"pattern": pattern, **chosen, "target": {"type": "function", "name": name}}


def alias(pattern: str, file: str) -> dict[str, Any]:
    return {"pattern": pattern, "methods": ["GET"], "target": {"type": "static", "file": file}}


def public(path: str, file: str, *, direct: bool = True) -> dict[str, Any]:
    authority = "implicit_file_path" if direct else "route_static_alias"
    return {"public_path": path, "asset_path": file, "reachability_authority": authority, "direct": direct}


INVENTORY: dict[str, Any] = {
    "site": {"paths": [{"path": "index.html"}, {"path": "admin/help.html"}], "totals": {"paths": 2}},
    "functions": [{"name": "api"}],
    "public_paths": [public("/index.html", "index.html"), public("/admin/help.html", "admin/help.html")],
    "routes": {
        "entries": [
            function("/admin/*"),
            function("/admin/files/*", "gone", "POST"),
            alias("/start", "index.html"),
            function("/admin/help.html/", "api", "POST"),
            function("/index.html", "api", "POST"),
        ]
    },
    "warnings": [
        {"code": "ROUTE_SHADOWS_STATIC_PATH", "message": "It hides."},
        {"code": "NEW_ONE", "message": "Hm."},
    ],
}


def test_every_documented_warning_is_explained() -> None:
    assert set(warned.TABLE) == set(f"{CLOUD} {CORE} {PROMOTE}".split())
    for code in warned.TABLE:
        found = warned.explained(f"RUN402_CORE_{code}")
        assert found is not None
        assert [str(text)[-1] for text in (found.meaning, found.step)] == [".", "."]


def test_routes_are_listed_in_the_order_of_serving() -> None:
    found = [entry.pattern for entry in routing.entries_of(INVENTORY["routes"]["entries"])]
    assert found == ["/admin/help.html/", "/index.html", "/start", "/admin/files/*", "/admin/*"]


def test_each_route_says_what_goes_before_it_and_what_it_hides() -> None:
    rows = route_rows(routing.entries_of(INVENTORY["routes"]["entries"]), routing.site_of(INVENTORY))
    assert {row.entry.pattern: [note.text for note in row.notes] for row in rows} == {
        "/admin/help.html/": [
            "Anybody can call the function; it may refuse by itself.",
            "Goes before /admin/*.",
        ],
        "/index.html": [
            "Anybody can call the function; it may refuse by itself.",
            "GET still shows the file at /index.html.",
        ],
        "/start": ["Shows the file at this address."],
        "/admin/files/*": ["The live release has no function gone.", "Goes before /admin/*."],
        "/admin/*": [
            "Anybody can call the function; it may refuse by itself.",
            "/admin/help.html/, /admin/files/* goes first.",
            "Hides the file at /admin/help.html.",
        ],
    }


@pytest.mark.parametrize(
    ("pattern", "path", "covers"),
    [
        ("/admin/*", "/admin", False),
        ("/admin/*", "/admin/", True),
        ("/about", "/about/", True),
        ("/about/", "/about", True),
        ("/caf%C3%A9", "/café", True),
        ("/api/*", "/apis/x", False),
    ],
)
def test_patterns_fit_paths_as_the_contract_says(pattern: str, path: str, covers: bool) -> None:
    assert routing.entry_of(function(pattern)).covers(path) is covers


def test_a_list_that_was_cut_proves_nothing_missing() -> None:
    cut = {**INVENTORY, "site": {"paths": [], "totals": {"paths": 5000}}}
    entry = routing.entry_of(alias("/x", "far/away.html"))
    assert (routing.is_target_missing(entry, routing.site_of(cut)), routing.site_of({}).functions) == (
        False,
        None,
    )


def shown(client_as: ClientAs, who: User, project: Project, query: str = "") -> str:
    return client_as(who).get(f"/projects/{project.pk}/routes{query}").content.decode()


@pytest.fixture
def released(project: Project) -> Release:
    made: Release = ReleaseFactory.create(
        project=project, remote_id="rel_live", status="active", inventory=INVENTORY
    )
    OperationFactory.create(
        team=project.team,
        kind="releases.sync",
        subject_id=project.pk,
        state="succeeded",
        finished_at=made.created_at,
    )
    return made


def test_the_page_shows_table_paths_and_warnings(
    client_as: ClientAs, project: Project, released: Release
) -> None:
    page = shown(client_as, project.created_by, project)
    wanted = (
        "/admin/files/*",
        "of 100",
        "A route hides a file",
        "It hides.",
        "New one",
        "Every file of the site is reachable at its own name.",
        "at its own file name",
        'id="xray"',
    )
    assert [part for part in wanted if part not in page] == []


def test_a_public_path_is_found_by_part_of_its_name(
    client_as: ClientAs, project: Project, released: Release
) -> None:
    pages = [shown(client_as, project.created_by, project, f"?q={word}") for word in ("HELP", "nothing")]
    assert [("admin/help.html</span></td>" in page, "No public path fits." in page) for page in pages] == [
        (True, False),
        (False, True),
    ]


def test_a_public_path_says_how_long_browsers_keep_it_and_keeps_an_unknown_word() -> None:
    words = ("html", "immutable_versioned", "revalidating_asset", "for_a_year")
    rows = [{**public(f"/{word}", word), "cache_class": word} for word in words]
    assert [path.cache for path in public_paths({"public_paths": rows}, "") or ()] == [
        *("asked each time", "kept for good", "kept, checked", "for_a_year"),
    ]


def test_a_project_without_a_release_says_so(client_as: ClientAs, project: Project) -> None:
    assert "Nothing is live" in shown(client_as, project.created_by, project)


def test_what_the_gateway_tells_comes_to_the_page(
    as_bob: Client, project: Project, address: str, run_operations: RunOperations
) -> None:
    deploy_elsewhere(project, {"index.html": b"one"}, address)
    as_bob.get(f"/projects/{project.pk}/routes")
    run_operations()
    page = as_bob.get(f"/projects/{project.pk}/routes").content.decode()
    assert [part for part in ("No route", "/index.html", "Generation 1") if part not in page] == []


def test_a_release_that_an_earlier_version_kept_less_of_is_read_again(
    as_bob: Client, project: Project, address: str, run_operations: RunOperations
) -> None:
    deploy_elsewhere(project, {"index.html": b"one"}, address)
    deploy_elsewhere(project, {"index.html": b"two"})
    as_bob.get(f"/projects/{project.pk}/releases")
    run_operations()
    old = Release.objects.get(project=project, generation=1)
    Release.objects.filter(pk=old.pk).update(inventory={"site": {"paths": []}})
    refresh_releases(project)
    run_operations()
    old.refresh_from_db()
    assert [row["public_path"] for row in old.inventory["public_paths"]] == ["/index.html", "/"]


def test_a_plan_explains_its_warnings() -> None:
    warning = {
        "code": "ROUTE_TABLE_NEAR_LIMIT",
        "message": "92",
        "affected": [],
        "severity": "warn",
        "blocking": False,
    }
    plan = {"digest": "d", "warnings": [warning], "price_micros": 0}
    changes = changes_of(plan)
    assert changes is not None
    assert (changes.warnings[0].title, changes.warnings[0].step[:11]) == (
        "The route table is nearly full",
        "Join routes",
    )

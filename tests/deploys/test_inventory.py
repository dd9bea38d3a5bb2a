"""The page of one release: everything it holds, its search, and what was never read."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from deploys import mirror, routing
from deploys.models import Release
from deploys.pages.inventory import inventory_of
from projects.models import Project
from run402.resources.releases import read_inventory
from tests.deploys.test_releases import release_here
from tests.deploys.test_routes import INVENTORY
from tests.factories import ReleaseFactory, page_of
from tests.fixtures import ClientAs, RunOperations, confirmed

TOLD: dict[str, Any] = {
    **INVENTORY,
    "functions": [
        {
            "name": "api",
            "runtime": "node22",
            "memory_mb": 128,
            "timeout_seconds": 10,
            "schedule": "0 * * * *",
            "code_hash": "ab" * 32,
        }
    ],
    "secrets": {"keys": ["STRIPE_KEY"]},
    "migrations": [
        {"migration_id": "0001_books", "checksum_hex": "cd" * 32, "applied_at": "2026-11-20T10:00:00Z"}
    ],
    "metadata": {
        "file_count": 2,
        "total_bytes": 2048,
        "cache_classes": {"html": 2},
        "cache_class_sources": {},
        "spa_fallback": None,
        "odd_count": 7,
    },
    "static_manifest_sha256": "ef" * 32,
    "state_kind": "effective",
}


def page_of_release(client: Client, release: Release, query: str = "") -> str:
    return client.get(f"/projects/{release.project_id}/releases/{release.pk}{query}").content.decode()


def test_the_page_shows_everything_a_release_holds(client_as: ClientAs, project: Project) -> None:
    release: Release = ReleaseFactory.create(project=project, inventory=TOLD, generation=41)
    page = page_of_release(client_as(project.created_by), release)
    wanted = (
        "Generation 41",
        "node22, 128 MB, 10 s at most",
        "0 * * * *",
        "/admin/files/*",
        "at its own file name",
        "STRIPE_KEY",
        "0001_books",
        "html 2",
        "Odd count",
        "Static manifest",
        "It hides.",
    )
    assert [part for part in wanted if part not in page] == []


def test_a_file_is_found_by_part_of_its_path(client_as: ClientAs, project: Project) -> None:
    site = {f"page-{number:03}.html": page_of("x") for number in range(150)}
    release: Release = ReleaseFactory.create(project=project, archive={"site": site}, file_count=150)
    browser = client_as(project.created_by)
    pages = [page_of_release(browser, release, query) for query in ("", "?page=2", "?q=-14", "?q=none")]
    counts = [page.count('<span class="path">page-') for page in pages]
    assert counts == [100, 50, 10, 0]
    assert ("10 fit" in pages[2], "No file fits." in pages[3]) == (True, True)


def test_a_release_that_was_never_read_shows_what_was_deployed(project: Project) -> None:
    archive = {"site": {}, "functions": {"api": {}}, "routes": [{"pattern": "/a", "target": {}}]}
    release: Release = ReleaseFactory.create(project=project, archive=archive)
    found = inventory_of(release)
    assert (found.is_read, [row.name for row in found.functions], len(found.routes), found.public_paths) == (
        False,
        ["api"],
        1,
        None,
    )


def test_what_the_sandbox_tells_comes_to_the_page(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    release = release_here(as_bob, project, run_operations, index="one", more="two")
    page = page_of_release(as_bob, release, "?q=more")
    wanted = ("/more.html", "Cache classes", "Static manifest", "1 fit", "run402 deploy release active")
    assert [part for part in wanted if part not in page] == []


#: What no gateway should answer, and no page may fail on.
ODD: dict[str, Any] = {
    "site": {"paths": ["index.html", {"path": 7}, {"path": "a.html"}, None], "totals": [4]},
    "functions": [{"runtime": "node22"}, {"name": "api"}],
    "public_paths": [
        {"direct": True},
        "x",
        {"public_path": "/a", "asset_path": ["a.html"], "direct": True},
        {"public_path": "/a.html", "asset_path": "a.html", "direct": True},
    ],
    "routes": {"entries": ["/a", {"pattern": "/a", "target": {"type": "function", "name": "api"}}, {}]},
    "secrets": {"keys": "STRIPE_KEY"},
    "subdomains": {"names": 7},
    "migrations": {"id": 1},
    "metadata": ["file_count", 2],
}


@pytest.mark.parametrize("path", ["releases/{}", "routes", "routes/edit", "delete"])
def test_odd_rows_of_an_inventory_break_no_page(path: str, client_as: ClientAs, project: Project) -> None:
    release: Release = ReleaseFactory.create(project=project, inventory=ODD, status="active")
    browser = confirmed(client_as(project.created_by), f"project.delete/{project.pk}")
    answer = browser.get(f"/projects/{project.pk}/{path.format(release.pk)}")
    assert (answer.status_code, project.name in answer.content.decode()) == (200, True)


def test_odd_parts_of_an_inventory_are_not_kept(project: Project) -> None:
    odd = {
        **{key: ODD[key] for key in ("site", "functions", "secrets", "subdomains", "routes")},
        "release_id": "rel_odd",
        "static_public_paths": ODD["public_paths"],
        "migrations_applied": ODD["migrations"],
        "warnings": [7],
        "static_manifest_metadata": ODD["metadata"],
    }
    row = mirror.upsert(project, "rel_odd", read_inventory(odd))
    row.save()
    mirror.live(project, row)
    kept = row.inventory
    assert kept["site"] == {"paths": [{"path": 7}, {"path": "a.html"}], "totals": {"paths": 4}}
    assert (kept["migrations"], kept["warnings"], kept["metadata"]) == ([], [], {})
    site = routing.site_of(kept)
    assert (site.files, list(site.functions or ()), list(site.direct)) == (None, ["api"], ["/a", "/a.html"])
    assert routing.site_of(mirror.kept(read_inventory({**odd, "site": {"paths": 7}}))).files is None

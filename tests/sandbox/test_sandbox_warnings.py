from __future__ import annotations

from typing import Any

from tests.sandbox.sandbox_player import Owned, refs

PAGE = b"<h1>hi</h1>"
MANY = {f"page-{number}.txt": str(number).encode() for number in range(20)} | {"index.html": PAGE}


def warned(project: Owned, **spec: Any) -> dict[str, tuple[str, bool]]:
    """Severity and need of confirmation by code."""
    response = project.plan(spec)
    assert response.status_code == 200, response.text
    return {w["code"]: (w["severity"], w["requires_confirmation"]) for w in response.json()["warnings"]}


def alias(pattern: str, file: str) -> dict[str, Any]:
    return {"pattern": pattern, "methods": ["GET", "HEAD"], "target": {"type": "static", "file": file}}


def test_removing_a_tenth_of_the_files_needs_no_word(guestbook: Owned) -> None:
    guestbook.deploy(MANY)
    assert warned(guestbook, site={"patch": {"delete": ["page-1.txt", "page-2.txt"]}}) == {}


def test_removing_more_than_a_tenth_is_destructive(guestbook: Owned) -> None:
    guestbook.deploy(MANY)
    names = ["page-1.txt", "page-2.txt", "page-3.txt"]
    assert warned(guestbook, site={"patch": {"delete": names}}) == {
        "DESTRUCTIVE_SITE_BULK_REMOVAL": ("high", True)
    }


def test_removing_the_entry_page_is_warned_of(guestbook: Owned) -> None:
    guestbook.deploy(MANY)
    assert warned(guestbook, site={"patch": {"delete": ["index.html"]}}) == {
        "SITE_ENTRYPOINT_REMOVED": ("warn", True)
    }


def test_removing_everything_is_warned_of_three_times(guestbook: Owned) -> None:
    guestbook.deploy({"index.html": PAGE})
    assert warned(guestbook, site={"replace": {}}) == {
        "DESTRUCTIVE_SITE_BULK_REMOVAL": ("high", True),
        "SITE_ENTRYPOINT_REMOVED": ("warn", True),
        "ZERO_SITE_FILES_AFTER": ("high", True),
    }


def test_removing_the_only_name_is_destructive(guestbook: Owned) -> None:
    guestbook.deploy({"index.html": PAGE}, subdomains={"set": ["guests"]})
    assert warned(guestbook, subdomains={"remove": ["guests"]}) == {
        "DESTRUCTIVE_SUBDOMAIN_REMOVAL": ("high", True),
        "ZERO_SUBDOMAINS_AFTER": ("warn", True),
    }


def test_deleting_a_secret_is_destructive(guestbook: Owned) -> None:
    guestbook.serviced(
        "POST", f"/projects/v1/admin/{guestbook.id}/secrets", json={"key": "OLD", "value": "x"}
    )
    assert warned(guestbook, secrets={"delete": ["OLD"]}) == {"DESTRUCTIVE_SECRET_REMOVAL": ("warn", True)}


def test_widening_to_implicit_paths_is_warned_of(guestbook: Owned) -> None:
    explicit = {"mode": "explicit", "replace": {"/": {"asset": "index.html"}}}
    files = {"index.html": PAGE, "notes.txt": b"private"}
    guestbook.upload(files)
    plan = guestbook.plan({"site": {"replace": refs(files), "public_paths": explicit}}).json()
    guestbook.wait(guestbook.commit(plan["plan_id"]).json()["operation_id"])
    assert warned(guestbook, site={"public_paths": {"mode": "implicit"}}) == {
        "PUBLIC_PATH_MODE_WIDENS_TO_IMPLICIT": ("warn", True)
    }


def test_page_that_nobody_can_reach_is_warned_of(guestbook: Owned) -> None:
    site = {"replace": refs({"index.html": PAGE}), "public_paths": {"mode": "explicit", "replace": {}}}
    assert warned(guestbook, site=site) == {"SITE_NO_REACHABLE_HTML": ("high", True)}


def test_alias_of_a_page_elsewhere_is_a_second_address_with_other_links(guestbook: Owned) -> None:
    files = {"pages/about.html": PAGE}
    routes = {"replace": [alias("/about", "pages/about.html")]}
    assert warned(guestbook, site={"replace": refs(files)}, routes=routes) == {
        "STATIC_ALIAS_DUPLICATE_CANONICAL_URL": ("info", False),
        "STATIC_ALIAS_RELATIVE_ASSET_RISK": ("warn", False),
    }


def test_alias_that_hides_a_file_is_warned_of(guestbook: Owned) -> None:
    files = {"a.html": PAGE, "b.html": PAGE}
    routes = {"replace": [alias("/a.html", "b.html")]}
    assert warned(guestbook, site={"replace": refs(files)}, routes=routes) == {
        "STATIC_ALIAS_SHADOWS_STATIC_PATH": ("warn", False)
    }


def test_alias_that_repeats_an_address_is_redundant(guestbook: Owned) -> None:
    routes = {"replace": [alias("/a.html", "a.html")]}
    assert warned(guestbook, site={"replace": refs({"a.html": PAGE})}, routes=routes) == {
        "STATIC_ALIAS_REDUNDANT_PUBLIC_PATH": ("info", False)
    }


def test_alias_without_suffix_for_data_is_warned_of(guestbook: Owned) -> None:
    routes = {"replace": [alias("/data", "data.json")]}
    codes = warned(guestbook, site={"replace": refs({"data.json": b"{}"})}, routes=routes)
    assert codes["STATIC_ALIAS_EXTENSIONLESS_NON_HTML"] == ("warn", False)


def test_route_to_a_live_file_is_told(guestbook: Owned) -> None:
    guestbook.deploy({"about.html": PAGE})
    codes = warned(guestbook, routes={"replace": [alias("/about", "about.html")]})
    assert codes["ROUTE_TARGET_CARRIED_FORWARD"] == ("info", False)


def test_full_route_table_is_warned_of_at_ninety(guestbook: Owned) -> None:
    files = {"a.html": PAGE}
    routes = {"replace": [alias(f"/r{number}", "a.html") for number in range(90)]}
    codes = warned(guestbook, site={"replace": refs(files)}, routes=routes)
    assert codes["ROUTE_TABLE_NEAR_LIMIT"] == ("warn", False)
    routes["replace"] += [alias(f"/s{number}", "a.html") for number in range(11)]
    assert guestbook.plan({"site": {"replace": refs(files)}, "routes": routes}).status_code == 400


def test_long_lists_are_cut_and_say_so(guestbook: Owned) -> None:
    files = {f"{number}.txt": {"sha256": f"{number:064x}", "size": 1} for number in range(1001)}
    body = guestbook.plan({"site": {"replace": files}}, dry_run=True).json()
    assert (len(body["site"]["added"]), body["site"]["totals"]["added"]) == (1000, 1001)
    assert [warning["code"] for warning in body["warnings"]] == ["DIFF_TRUNCATED"]

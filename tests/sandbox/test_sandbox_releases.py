from __future__ import annotations

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player, refs, sha256

A = {"index.html": b"<h1>A</h1>", "old.txt": b"old"}
B = {"index.html": b"<h1>B</h1>", "new.css": b"h1 {}"}


def promote(project: Owned, release_id: str, player: Player | None = None) -> tuple[int, dict[str, object]]:
    body = {"project": project.id, "allow_warning_codes": []}
    response = (player or project.player).ask("POST", f"/apply/v1/releases/{release_id}/promote", json=body)
    return response.status_code, response.json()


def test_nothing_is_live_before_the_first_deploy(guestbook: Owned) -> None:
    response = guestbook.read("/apply/v1/releases/active")
    assert (response.status_code, response.json()["code"]) == (404, "NO_ACTIVE_RELEASE")


def test_inventory_shows_what_is_live(guestbook: Owned) -> None:
    operation = guestbook.deploy(
        B, subdomains={"set": ["guests"]}, i18n={"default_locale": "en", "locales": ["en"]}
    )
    body = guestbook.read("/apply/v1/releases/active").json()
    assert (body["kind"], body["state_kind"], body["status"]) == (
        "release_inventory",
        "current_live",
        "active",
    )
    assert (body["release_id"], body["parent_id"], body["release_generation"]) == (
        operation["release_id"],
        None,
        1,
    )
    assert body["site"]["paths"][0] == {
        "path": "index.html",
        "content_sha256": sha256(B["index.html"]),
        "content_type": "text/html; charset=utf-8",
    }
    assert body["site"]["totals"] == {"paths": 2}
    assert [row["public_path"] for row in body["static_public_paths"]] == ["/index.html", "/", "/new.css"]
    assert body["subdomains"] == {"names": ["guests"]}
    assert body["i18n"] == {"default_locale": "en", "locales": ["en"], "detect": []}
    assert body["static_manifest_metadata"]["spa_fallback"] == "/index.html"
    assert body["operation_id"] == operation["operation_id"]


def test_inventory_is_cut_at_the_limit(guestbook: Owned) -> None:
    guestbook.deploy(A)
    site = guestbook.read("/apply/v1/releases/active?site_limit=1").json()["site"]
    assert (len(site["paths"]), site["totals"]["paths"]) == (1, 2)


def test_older_release_is_superseded_and_still_readable(guestbook: Owned) -> None:
    first, second = guestbook.deploy(A), guestbook.deploy(B)
    old = guestbook.read(f"/apply/v1/releases/{first['release_id']}").json()
    live = guestbook.read(f"/apply/v1/releases/{second['release_id']}").json()
    assert (old["status"], old["state_kind"], old["effective"]) == ("superseded", "effective", True)
    assert (live["parent_id"], live["release_generation"]) == (first["release_id"], 2)


def test_release_of_another_project_is_unknown(guestbook: Owned, bob: Player) -> None:
    release = guestbook.deploy(A)["release_id"]
    assert bob.project().read(f"/apply/v1/releases/{release}").status_code == 404


def test_diff_compares_two_releases(guestbook: Owned) -> None:
    first, second = guestbook.deploy(A)["release_id"], guestbook.deploy(B)["release_id"]
    body = guestbook.read(f"/apply/v1/releases/diff?from={first}&to=active").json()
    assert (body["kind"], body["from_release_id"], body["to_release_id"]) == ("release_diff", first, second)
    assert [row["path"] for row in body["site"]["added"]] == ["new.css"]
    assert (body["site"]["removed"], body["site"]["changed"][0]["path"]) == (["old.txt"], "index.html")
    assert body["migrations"] == {"applied_between_releases": []}


def test_diff_from_empty_shows_everything_and_obeys_its_limit(guestbook: Owned) -> None:
    guestbook.deploy(A)
    body = guestbook.read("/apply/v1/releases/diff?from=empty&to=active&limit=1").json()
    assert (len(body["site"]["added"]), body["site"]["totals"]["added"]) == (1, 2)


def test_diff_needs_two_different_sides(guestbook: Owned) -> None:
    release = guestbook.deploy(A)["release_id"]
    codes = {
        query: guestbook.read(f"/apply/v1/releases/diff?{query}").json()["code"]
        for query in (
            f"from={release}&to=active",
            "from=active&to=empty",
            "from=active",
            "from=rel_x&to=active",
        )
    }
    assert list(codes.values()) == [
        "DIFF_SAME_RELEASE",
        "INVALID_DIFF_TARGET",
        "INVALID_DIFF_TARGET",
        "RELEASE_NOT_FOUND",
    ]


def test_redeploy_of_the_first_spec_needs_no_bytes_and_serves_the_same(http: Http, guestbook: Owned) -> None:
    first = guestbook.deploy(A, subdomains={"set": ["again"]})
    guestbook.deploy(B)
    plan = guestbook.plan({"site": {"replace": refs(A)}}).json()
    assert [item["present"] for item in plan["missing_content"]] == [True, True]
    third = guestbook.wait(guestbook.commit(plan["plan_id"]).json()["operation_id"])
    assert third["release_id"] != first["release_id"]
    assert http.get(http.app("again")).content == A["index.html"]
    assert http.get(http.app("again", "/new.css")).status_code == 404


def test_promote_swaps_the_pointer(http: Http, guestbook: Owned) -> None:
    first = guestbook.deploy(A, subdomains={"set": ["swap"]})["release_id"]
    second = guestbook.deploy(B)["release_id"]
    status, body = promote(guestbook, first)
    assert (status, body["status"], body["previous_release_id"]) == (200, "ok", second)
    assert body["diff"]["site_paths"] == {"added_in_current": 1, "removed_in_current": 1}  # type: ignore[index]
    assert http.get(http.app("swap")).content == A["index.html"]
    live = guestbook.read("/apply/v1/releases/active").json()
    assert (live["release_id"], live["release_generation"]) == (first, 3)
    operation = guestbook.operation(str(body["operation_id"]))
    assert (operation["kind"], operation["status"], operation["plan_id"]) == ("promote", "ready", None)


def test_promote_refuses_what_it_cannot_do(http: Http, guestbook: Owned, bob: Player) -> None:
    live = guestbook.deploy(A)["release_id"]
    other = guestbook.player.project("other")
    foreign = other.deploy(A)["release_id"]
    http.turn(do="needs_repair")
    plan = guestbook.plan({"i18n": {"default_locale": "en", "locales": ["en"]}}).json()
    guestbook.commit(plan["plan_id"])
    staged = guestbook.wait(plan["operation_id"], "needs_repair")["target_release_id"]
    found = [promote(guestbook, release) for release in ("rel_none", foreign, staged, live)]
    assert [(status, body["code"]) for status, body in found] == [
        (404, "PROMOTE_TARGET_NOT_FOUND"),
        (400, "PROMOTE_PROJECT_MISMATCH"),
        (409, "PROMOTE_RELEASE_NOT_READY"),
        (409, "PROMOTE_NO_OP"),
    ]
    assert promote(guestbook, live, bob)[1]["code"] == "PROJECT_NOT_FOUND"

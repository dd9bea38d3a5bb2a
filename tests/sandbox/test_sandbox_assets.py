"""Assets come with a deploy, are served from the project's public host, and can be listed, signed and pruned."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player, sha256

LOGO, PAPER = b"<svg/>", b"%PDF"


def entry(key: str, data: bytes, **more: Any) -> dict[str, Any]:
    return {"key": key, "sha256": sha256(data), "size_bytes": len(data), **more}


def put(owned: Owned, *puts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Apply an assets slice whose bytes are already known or among the two of this file."""
    owned.upload({"logo": LOGO, "paper": PAPER})
    plan = owned.plan({"assets": {"put": list(puts), **more}})
    assert plan.status_code == 200, plan.text
    committed = owned.commit(plan.json()["plan_id"])
    assert committed.status_code == 200, committed.text
    owned.wait(committed.json()["operation_id"])
    return dict(plan.json())


def storage(owned: Owned, method: str, path: str, **arguments: Any) -> httpx.Response:
    headers = {"apikey": owned.service_key, "Authorization": f"Bearer {owned.service_key}"}
    return owned.player.http.request(method, f"/storage/v1/{path}", headers=headers, **arguments)


def test_public_asset_is_served_under_both_addresses(http: Http, guestbook: Owned) -> None:
    plan = put(guestbook, entry("art/my logo.svg", LOGO, metadata={"tag": "brand"}))
    ref = plan["asset_entries"][0]["asset_ref"]
    assert plan["cost"]["asset_keys_after_commit"] == 1
    shown, lasting = http.get(ref["url"]), http.get(ref["immutable_url"])
    assert (shown.content, shown.headers["content-type"]) == (LOGO, "image/svg+xml")
    assert shown.headers["x-run402-blob-cache-kind"] == "mutable"
    assert lasting.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert lasting.headers["x-run402-content-sha256"] == sha256(LOGO)
    assert http.get(ref["url"], headers={"If-None-Match": ref["etag"]}).status_code == 304
    put(guestbook, entry("art/my logo.svg", PAPER))
    assert (http.get(ref["url"]).content, http.get(ref["immutable_url"]).content) == (PAPER, LOGO)


def test_private_asset_needs_the_key_or_a_signature(http: Http, guestbook: Owned, bob: Player) -> None:
    plan = put(guestbook, entry("papers/a.pdf", PAPER, visibility="private"))
    ref = plan["asset_entries"][0]["asset_ref"]
    assert (ref["url"], ref["immutable_url"]) == (None, None)
    label = f"pr-{guestbook.id.removeprefix('prj_')}"
    assert http.get(http.app(label, "/_blob/papers/a.pdf")).status_code == 404
    assert storage(guestbook, "GET", "blob/papers/a.pdf").content == PAPER
    assert storage(bob.project(), "GET", "blob/papers/a.pdf").json()["code"] == "BLOB_NOT_FOUND"
    signed = storage(guestbook, "POST", "blob/papers/a.pdf/sign", json={"ttl_seconds": 60}).json()
    assert (signed["expires_in"], http.get(signed["signed_url"]).content) == (60, PAPER)
    assert http.get(signed["signed_url"] + "0").status_code == 403
    http.turn(do="clock", seconds=120)
    assert http.get(signed["signed_url"]).json()["code"] == "SIGNED_URL_DENIED"


def test_listing_filters_and_pages(guestbook: Owned) -> None:
    put(guestbook, *(entry(f"a/{number}.svg", LOGO) for number in range(3)), entry("b.pdf", PAPER))
    page = storage(guestbook, "GET", "blobs?prefix=a/&limit=2").json()
    assert [blob["key"] for blob in page["blobs"]] == ["a/0.svg", "a/1.svg"]
    rest = storage(guestbook, "GET", f"blobs?prefix=a/&limit=2&cursor={page['next_cursor']}").json()
    assert ([blob["key"] for blob in rest["blobs"]], rest["next_cursor"]) == (["a/2.svg"], None)
    images = storage(guestbook, "GET", "blobs", params={"filter[is_image]": "false"}).json()["blobs"]
    assert [blob["key"] for blob in images] == ["b.pdf"]
    for query, code in [
        ("sort=size", "INVALID_SORT"),
        ("filter[x]=1", "INVALID_FILTER_KEY"),
        (f"sort=createdAt:asc&cursor={page['next_cursor']}", "INVALID_CURSOR_FOR_SORT"),
    ]:
        assert storage(guestbook, "GET", f"blobs?{query}").json()["code"] == code
    assert [storage(guestbook, "DELETE", "blob/b.pdf").status_code for _ in range(2)] == [200, 200]


def test_the_same_assets_again_change_nothing(guestbook: Owned) -> None:
    put(guestbook, entry("a.svg", LOGO))
    again = guestbook.plan({"assets": {"put": [entry("a.svg", LOGO)]}}).json()
    assert (again["is_noop"], again["asset_entries"][0]["status"]) == (True, "present")
    fresh = guestbook.plan({"assets": {"put": [entry("b.svg", b"new")]}}).json()
    assert (fresh["is_noop"], fresh["asset_entries"][0]["status"]) == (False, "upload_pending")
    assert guestbook.commit(fresh["plan_id"]).json()["code"] == "CONTENT_UPLOAD_FAILED"


def test_pruning_needs_what_the_plan_said(guestbook: Owned) -> None:
    put(guestbook, entry("a/1", LOGO), entry("a/2", LOGO), entry("b", LOGO))
    sync: dict[str, Any] = {"prefix": "a/", "prune": True}
    dry = guestbook.plan({"assets": {"put": [entry("a/1", LOGO)], "sync": sync}}, dry_run=True).json()
    told = dry["asset_sync"]
    assert (dry["asset_deletes"], told["expected_delete_count"], told["sample_keys"]) == (["a/2"], 1, ["a/2"])
    unconfirmed = guestbook.plan({"assets": {"put": [entry("a/1", LOGO)], "sync": sync}}).json()
    refused = guestbook.commit(unconfirmed["plan_id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "PRUNE_CONFIRMATION_REQUIRED")
    names = ("base_revision", "delete_set_digest", "expected_delete_count")
    sync["confirm"] = {name: told[name] for name in names}
    confirmed = guestbook.plan({"assets": {"put": [entry("a/1", LOGO)], "sync": sync}}).json()
    storage(guestbook, "DELETE", "blob/a/2")
    drifted = guestbook.commit(confirmed["plan_id"])
    assert (drifted.status_code, drifted.json()["code"]) == (409, "ASSET_SYNC_DRIFT")
    put(guestbook, entry("a/2", LOGO))
    put(guestbook, entry("a/1", LOGO), sync=sync)
    assert [blob["key"] for blob in storage(guestbook, "GET", "blobs").json()["blobs"]] == ["a/1", "b"]


@pytest.mark.parametrize(
    ("assets", "code"),
    [
        ({"put": [entry("a", LOGO), entry("a", PAPER)]}, "ASSET_DUPLICATE_KEY_IN_PUT"),
        ({"put": [entry("a", LOGO)], "delete": ["a"]}, "ASSET_KEY_IN_PUT_AND_DELETE"),
        ({"put": [entry("a", LOGO, metadata={"x": {}})]}, "INVALID_ASSET_METADATA"),
        ({"put": [entry("a", LOGO, exif_policy="blur")]}, "INVALID_EXIF_POLICY"),
        ({"put": [entry("/a", LOGO)]}, "INVALID_SPEC"),
        ({"put": [entry("_cas/a", LOGO)]}, "INVALID_SPEC"),
        ({"put": [entry("a", LOGO, visibility="secret")]}, "INVALID_SPEC"),
        ({"sync": {"prefix": "", "prune": True}}, "INVALID_SPEC"),
    ],
)
def test_wrong_slice_is_refused(guestbook: Owned, assets: dict[str, Any], code: str) -> None:
    assert guestbook.plan({"assets": assets}).json()["code"] == code

"""What an assets slice will do, in the words of a plan, and the doing of it (apply 2.3.9, 2.6, 10.4)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from sandbox.ids import digest
from sandbox.problems import Problem, conflict
from sandbox.release.assets import AssetPut, AssetsSlice, Sync
from sandbox.store import Store
from sandbox.store.assets import Asset

SAMPLE = 50
INLINE_THRESHOLD = 1000
AppUrl = Callable[[str], str]


def public_label(project_id: str) -> str:
    """The host label under which a project's public assets lie."""
    return f"pr-{project_id.removeprefix('prj_').lower()}"


def plan(store: Store, project_id: str, slice_: AssetsSlice, app_url: AppUrl) -> dict[str, Any]:
    """The plan's fields; none without the slice."""
    if not slice_.given:
        return {}
    entries = [_entry(store, project_id, put, app_url) for put in slice_.put]
    pruned = _pruned(store, project_id, slice_)
    return {
        "asset_entries": entries,
        "asset_deletes": sorted({*slice_.delete, *pruned}),
        **({"asset_sync": _sync(store, project_id, slice_.sync, pruned)} if slice_.sync else {}),
    }


def changes(store: Store, project_id: str, planned: Mapping[str, Any]) -> bool:
    """Whether anything would be different afterwards."""
    known = {asset.key: _facts(asset) for asset in store.assets.under(project_id)}
    wanted = {entry["key"]: _facts(_asset(entry, 0)) for entry in planned.get("asset_entries", ())}
    return any(known.get(key) != facts for key, facts in wanted.items()) or any(
        key in known for key in planned.get("asset_deletes", ())
    )


def key_counts(store: Store, project_id: str, planned: Mapping[str, Any]) -> tuple[int, int, int]:
    """Keys now, keys that come, keys that go."""
    known = {asset.key for asset in store.assets.under(project_id)}
    added = {entry["key"] for entry in planned.get("asset_entries", ())} - known
    return len(known), len(added), len(known & set(planned.get("asset_deletes", ())))


def _facts(asset: Asset) -> tuple[object, ...]:
    return asset.sha256, asset.content_type, asset.visibility, asset.immutable, asset.metadata


def _entry(store: Store, project_id: str, put: AssetPut, app_url: AppUrl) -> dict[str, Any]:
    present = store.content.size(project_id, put.file.sha256) is not None
    asset = Asset(
        put.key,
        put.file.sha256,
        put.file.size,
        put.file.content_type,
        put.visibility,
        put.immutable,
        put.metadata,
        0,
    )
    names = ("key", "sha256", "content_type", "visibility", "immutable")
    return {
        **{name: getattr(asset, name) for name in names},
        "size_bytes": asset.size,
        "status": "present" if present else "upload_pending",
        "asset_ref": reference(asset, app_url(public_label(project_id))),
    }


def reference(asset: Asset, origin: str) -> dict[str, Any]:
    """The asset as clients link to it."""
    public, frozen = asset.visibility == "public", asset.immutable
    raw = base64.b64encode(bytes.fromhex(asset.sha256)).decode()
    url = f"{origin}/_blob/{quote(asset.key)}" if public else None
    lasting = f"{origin}/_blob/{quote(asset.versioned_key)}" if public and frozen else None
    return {
        "key": asset.key,
        "sha256": asset.sha256,
        "size_bytes": asset.size,
        "content_type": asset.content_type,
        "visibility": asset.visibility,
        "immutable": asset.immutable,
        "url": url,
        "immutable_url": lasting,
        "cdn_url": url,
        "cdn_immutable_url": lasting,
        "sri": f"sha256-{raw}" if frozen else None,
        "etag": f'"sha256-{asset.sha256}"',
        "content_digest": f"sha-256=:{raw}:",
        "metadata": asset.metadata,
    }


def _pruned(store: Store, project_id: str, slice_: AssetsSlice) -> list[str]:
    if slice_.sync is None:
        return []
    kept = {put.key for put in slice_.put}
    return [
        asset.key for asset in store.assets.under(project_id, slice_.sync.prefix) if asset.key not in kept
    ]


def _sync(store: Store, project_id: str, sync: Sync, pruned: list[str]) -> dict[str, Any]:
    """`confirmed` is what the spec repeated of an earlier plan; None when it repeated nothing."""
    return {
        "prefix": sync.prefix,
        "prune": True,
        **_revision(store, project_id, sync.prefix, pruned),
        "expected_delete_count": len(pruned),
        "sample_keys": pruned[:SAMPLE],
        "over_inline_threshold": len(pruned) > INLINE_THRESHOLD,
        "confirmed": dict(sync.confirm) if sync.confirm else None,
    }


def _revision(store: Store, project_id: str, prefix: str, pruned: list[str]) -> dict[str, str]:
    listed = [[asset.key, asset.sha256] for asset in store.assets.under(project_id, prefix)]
    return {"base_revision": digest(listed), "delete_set_digest": digest(pruned)}


def check_sync(store: Store, project_id: str, planned: Mapping[str, Any]) -> None:
    """Before a commit and again before activation. Raises Problem."""
    sync = planned.get("asset_sync")
    if sync is None:
        return
    names = ("base_revision", "delete_set_digest", "expected_delete_count")
    told = {name: sync[name] for name in names}
    if sync["confirmed"] is None:
        text = (
            f"Pruning deletes {told['expected_delete_count']} asset(s); confirm it with what the plan says."
        )
        details = {**told, "prefix": sync["prefix"]}
        raise Problem(409, "PRUNE_CONFIRMATION_REQUIRED", text, category="deploy", details=details)
    now = _revision(store, project_id, sync["prefix"], _pruned_now(store, project_id, planned))
    if {name: sync["confirmed"].get(name) for name in names} != told or told != {**told, **now}:
        text = "The assets under the prefix are no longer those that were confirmed."
        raise conflict("ASSET_SYNC_DRIFT", text, details={**told, **now}, next_actions=("edit_request",))


def _pruned_now(store: Store, project_id: str, planned: Mapping[str, Any]) -> list[str]:
    kept = {entry["key"] for entry in planned["asset_entries"]}
    found = store.assets.under(project_id, planned["asset_sync"]["prefix"])
    return [asset.key for asset in found if asset.key not in kept]


def apply(store: Store, project_id: str, planned: Mapping[str, Any], *, now: float) -> None:
    for entry in planned.get("asset_entries", ()):
        known = store.assets.get(project_id, entry["key"])
        store.assets.put(project_id, _asset(entry, known.created_at if known else now))
    for key in planned.get("asset_deletes", ()):
        store.assets.remove(project_id, key)


def _asset(entry: Mapping[str, Any], created_at: float) -> Asset:
    names = ("key", "sha256", "content_type", "visibility", "immutable")
    facts = {name: entry[name] for name in names}
    metadata = entry["asset_ref"]["metadata"]
    return Asset(**facts, size=entry["size_bytes"], metadata=metadata, created_at=created_at)

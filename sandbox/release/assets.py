"""The assets slice of a spec (apply 2.3.9). Raises Problem."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.ids import canonical_json
from sandbox.problems import Problem, invalid_spec
from sandbox.release.files import read_ref
from sandbox.release.state import File

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_RESERVED = ("_cas/", "_staging/")
_FIELDS = {"key", "sha256", "size_bytes", "size", "content_type", "contentType", "visibility", "immutable"}
_FIELDS |= {"metadata", "exif_policy", "exifPolicy"}
LONGEST_KEY = 1024
MOST_METADATA = 4096


@dataclass(frozen=True)
class AssetPut:
    key: str
    file: File
    visibility: str = "public"
    immutable: bool = True
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Sync:
    """Everything under `prefix` that is not put goes; `confirm` echoes what a dry run said would go."""

    prefix: str
    confirm: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class AssetsSlice:
    put: tuple[AssetPut, ...] = ()
    delete: tuple[str, ...] = ()
    sync: Sync | None = None
    given: bool = field(default=False)


def read_assets(raw: object) -> AssetsSlice:
    if raw is None:
        return AssetsSlice()
    if not isinstance(raw, dict) or set(raw) - {"put", "delete", "sync"}:
        raise invalid_spec("'assets' is {put, delete, sync}.", resource="assets")
    put, deleted = raw.get("put") or [], raw.get("delete") or []
    if not isinstance(put, list) or not isinstance(deleted, list):
        raise invalid_spec("'assets.put' and 'assets.delete' are lists.", resource="assets")
    puts = tuple(_put(entry, f"assets.put.{index}") for index, entry in enumerate(put))
    keys = [one.key for one in puts]
    twice = next((key for key in keys if keys.count(key) > 1), None) if len(set(keys)) < len(keys) else None
    if twice is not None:
        raise _refused("ASSET_DUPLICATE_KEY_IN_PUT", f"'{twice}' is put twice.", "assets.put")
    deletes = tuple(check_key(key, "assets.delete") for key in deleted)
    both = sorted(set(keys) & set(deletes))
    if both:
        raise _refused("ASSET_KEY_IN_PUT_AND_DELETE", f"'{both[0]}' is put and deleted.", "assets.delete")
    return AssetsSlice(puts, deletes, _sync(raw.get("sync")), bool(puts or deletes or raw.get("sync")))


def _put(raw: object, resource: str) -> AssetPut:
    if not isinstance(raw, dict) or set(raw) - _FIELDS:
        text = "An asset is {key, sha256, size_bytes, content_type, visibility, immutable, metadata}."
        raise invalid_spec(text, resource=resource)
    key = check_key(raw.get("key"), f"{resource}.key")
    file = read_ref(key, {**raw, "size": raw.get("size_bytes", raw.get("size"))}, resource)
    visibility, immutable = raw.get("visibility", "public"), raw.get("immutable", True)
    if visibility not in ("public", "private") or not isinstance(immutable, bool):
        text = "'visibility' is public or private, 'immutable' true or false."
        raise invalid_spec(text, resource=resource)
    if raw.get("exif_policy", raw.get("exifPolicy", "keep")) not in ("keep", "strip"):
        raise _refused("INVALID_EXIF_POLICY", "'exif_policy' is keep or strip.", resource)
    return AssetPut(key, file, visibility, immutable, _metadata(raw.get("metadata"), resource))


def check_key(key: object, resource: str) -> str:
    """The key itself, where it is one."""
    if not isinstance(key, str) or not key or len(key.encode()) > LONGEST_KEY or _CONTROL.search(key):
        raise invalid_spec(f"A key is a text of at most {LONGEST_KEY} bytes.", resource=resource)
    if key.startswith(("/", *_RESERVED)) or ".." in key:
        raise invalid_spec(f"'{key}' is no key an asset can have.", resource=resource)
    return key


def _metadata(raw: object, resource: str) -> dict[str, Any] | None:
    if raw is None:
        return None
    flat = isinstance(raw, dict) and all(_is_flat(value) for value in raw.values())
    if not flat or not isinstance(raw, dict) or len(canonical_json(raw)) > MOST_METADATA:
        text = f"'metadata' is a flat object of at most {MOST_METADATA} bytes."
        raise _refused("INVALID_ASSET_METADATA", text, resource)
    return raw


def _is_flat(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, str | int | float | bool)


def _sync(raw: object) -> Sync | None:
    if raw is None:
        return None
    prefix = raw.get("prefix") if isinstance(raw, dict) else None
    confirm = raw.get("confirm") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(prefix, str) or not prefix or raw.get("prune") is not True:
        text = "'assets.sync' is {prefix, prune: true, confirm} with a prefix that is not empty."
        raise invalid_spec(text, resource="assets.sync")
    if confirm is not None and not isinstance(confirm, dict):
        raise invalid_spec("'confirm' repeats what the plan said.", resource="assets.sync.confirm")
    return Sync(prefix, confirm)


def _refused(code: str, message: str, resource: str) -> Problem:
    return Problem(400, code, message, resource=resource, next_actions=("edit_request",))

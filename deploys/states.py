"""The materialised state of a release: what a redeploy needs, with every carry-forward resolved.

{"site": {path: {sha256, size, content_type}}, "functions": {name: spec}, "routes": [entry], "public_paths": {...}|None,
"i18n": {...}|None}. A state is either complete or not kept at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from run402.reading import documents
from run402.resources.releases import Inventory

State = dict[str, Any]

NOTHING: State = {"site": {}, "functions": {}, "routes": [], "public_paths": None, "i18n": None}


def materialise(
    base: Mapping[str, Any] | None, spec: Mapping[str, Any], inventory: Inventory | None
) -> State:
    """Return the state that `spec` made of `base`; empty when it cannot be known whole.

    `base` None: the release before was made elsewhere. What its inventory tells (routes, public paths, languages, that
    there are no functions) is used then; files and function sources cannot be.
    """
    known = dict(base) if base is not None else _known_without_base(inventory)
    try:
        return {
            "site": _site(known, spec.get("site") or {}),
            "functions": _functions(known, spec.get("functions") or {}),
            "routes": _routes(known, spec),
            "public_paths": _public_paths(known, spec.get("site") or {}),
            "i18n": spec["i18n"] if "i18n" in spec else known["i18n"],
        }
    except KeyError:
        return {}


def _known_without_base(inventory: Inventory | None) -> State:
    """Return the slices that an inventory alone tells; a missing key means: not known."""
    if inventory is None:
        return {}
    known: State = {"routes": routes_of(inventory.routes)}
    if not inventory.functions:
        known["functions"] = {}
    if inventory.static_public_paths is not None:
        known["public_paths"] = public_paths_of(inventory)
    if "i18n" in inventory.raw:
        known["i18n"] = inventory.i18n
    return known


def routes_of(routes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of an inventory as they are written in a spec (contract: apply 3.4 B)."""
    entries = documents(routes, "entries")
    kept = ("pattern", "methods", "target", "acknowledge_readonly", "pricing")
    return [{key: entry[key] for key in kept if entry.get(key) is not None} for entry in entries]


def public_paths_of(inventory: Inventory) -> dict[str, Any] | None:
    """Return the explicit map of an inventory; None when its files are public at their own paths."""
    rows = inventory.static_public_paths or ()
    authorities = {row.get("reachability_authority") for row in rows}
    site = inventory.site.get("paths") or []
    if "explicit_public_path" not in authorities and ("implicit_file_path" in authorities or not site):
        return None
    explicit = [row for row in rows if row.get("reachability_authority") == "explicit_public_path"]
    replace = {str(row["public_path"]): _public_path(row) for row in explicit if row.get("public_path")}
    return {"mode": "explicit", "replace": replace}


def _public_path(row: Mapping[str, Any]) -> dict[str, Any]:
    entry = {"asset": row.get("asset_path")}
    return {**entry, "cache_class": row["cache_class"]} if row.get("cache_class") else entry


def _site(known: State, site: Mapping[str, Any]) -> dict[str, Any]:
    if "replace" in site:
        return dict(site["replace"])
    patch = site.get("patch") or {}
    deleted = set(patch.get("delete") or ())
    kept = {path: file for path, file in known["site"].items() if path not in deleted}
    return {**kept, **(patch.get("put") or {})}


def _functions(known: State, functions: Mapping[str, Any]) -> dict[str, Any]:
    """Lay functions over those of the base: a patch keeps what it does not name, field by field."""
    found = dict(functions["replace"]) if "replace" in functions else dict(known["functions"])
    patch = functions.get("patch") or {}
    for name, change in (patch.get("set") or {}).items():
        found[name] = {**found.get(name, {}), **change}
    return {name: spec for name, spec in found.items() if name not in (patch.get("delete") or ())}


def _routes(known: State, spec: Mapping[str, Any]) -> list[Any]:
    routes = spec.get("routes")
    return list(routes["replace"]) if routes else list(known["routes"])


def _public_paths(known: State, site: Mapping[str, Any]) -> dict[str, Any] | None:
    """None: implicit. Omitting them keeps the base's mode (contract: apply 2.3.5)."""
    given = site.get("public_paths")
    if given is None:
        return known["public_paths"]  # type: ignore[no-any-return]  # a state is JSON
    return None if given.get("mode") == "implicit" else dict(given)

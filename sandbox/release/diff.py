"""What differs between two states, slice by slice, in the shapes of apply 2.6."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.release import routing, static
from sandbox.release.state import File, Function, ReleaseState, Route

LIST_LIMIT = 1000
_GATES = ("require_auth", "require_role", "deps")
_FUNCTION_FIELDS = ("code_hash", "runtime", "timeout_seconds", "memory_mb", "schedule", *_GATES)


@dataclass(frozen=True)
class Diff:
    """The lists are complete; `wire` cuts them."""

    site: dict[str, list[Any]]
    functions: dict[str, list[Any]]
    subdomains: dict[str, list[str]]
    routes: dict[str, list[Any]]
    route_digests: tuple[str | None, str | None]
    static_assets: dict[str, Any]
    other_changes: tuple[str, ...]

    @property
    def is_noop(self) -> bool:
        lists = (self.site, self.functions, self.subdomains, self.routes)
        return not self.other_changes and not any(items for part in lists for items in part.values())

    def wire(self, *, secrets: dict[str, list[str]], limit: int = LIST_LIMIT) -> dict[str, Any]:
        """The slices as an answer shows them, every list cut at `limit`."""
        old, new = self.route_digests
        return {
            "site": {**_cut(self.site, limit), "totals": _totals(self.site)},
            "functions": self.functions,
            "secrets": secrets,
            "subdomains": self.subdomains,
            "routes": {
                "manifest_sha256_old": old,
                "manifest_sha256_new": new,
                **_cut(self.routes, limit),
                "totals": _totals(self.routes),
            },
            "static_assets": self.static_assets,
        }

    def is_cut_at(self, limit: int) -> bool:
        return any(len(items) > limit for part in (self.site, self.routes) for items in part.values())

    def summary(self) -> str:
        """One line for people."""
        if self.is_noop:
            return "No changes."
        parts = [f"{len(items)} {_noun(len(items))} {verb}" for verb, items in self.site.items() if items]
        parts += [f"functions {verb}: {len(items)}" for verb, items in self.functions.items() if items]
        parts += [f"routes {verb}: {len(items)}" for verb, items in self.routes.items() if items]
        parts += [
            f"subdomains {verb}: {', '.join(names)}" for verb, names in self.subdomains.items() if names
        ]
        parts += [f"{name} changed" for name in self.other_changes]
        return "; ".join(parts) + "."


def _noun(count: int) -> str:
    return "file" if count == 1 else "files"


def _cut(part: dict[str, list[Any]], limit: int) -> dict[str, list[Any]]:
    return {name: items[:limit] for name, items in part.items()}


def _totals(part: dict[str, list[Any]]) -> dict[str, int]:
    return {name: len(items) for name, items in part.items()}


def compare(old: ReleaseState, new: ReleaseState, *, is_stored: Callable[[str], bool]) -> Diff:
    """`is_stored` tells whether the project already has an object, for the byte counters."""
    return Diff(
        site=_site(old, new),
        functions=_functions(old, new),
        subdomains=_names(old.subdomains, new.subdomains),
        routes=_routes(old.routes, new.routes),
        route_digests=(routing.manifest_sha256(old.routes), routing.manifest_sha256(new.routes)),
        static_assets=_static_assets(old, new, is_stored),
        other_changes=tuple(_others(old, new)),
    )


def _site(old: ReleaseState, new: ReleaseState) -> dict[str, list[Any]]:
    added = sorted(new.site.keys() - old.site.keys())
    both = sorted(new.site.keys() & old.site.keys())
    return {
        "added": [_added(path, new.site[path]) for path in added],
        "removed": sorted(old.site.keys() - new.site.keys()),
        "changed": [
            _changed(path, old.site[path], new.site[path]) for path in both if _differ(old, new, path)
        ],
    }


def _differ(old: ReleaseState, new: ReleaseState, path: str) -> bool:
    before, after = old.site[path], new.site[path]
    return (before.sha256, before.content_type) != (after.sha256, after.content_type)


def _added(path: str, file: File) -> dict[str, str]:
    return {"path": path, "sha256": file.sha256, "content_type": file.content_type}


def _changed(path: str, before: File, after: File) -> dict[str, str]:
    return {
        "path": path,
        "sha256_old": before.sha256,
        "sha256_new": after.sha256,
        "content_type_old": before.content_type,
        "content_type_new": after.content_type,
    }


def _functions(old: ReleaseState, new: ReleaseState) -> dict[str, list[Any]]:
    before = {function.name: function for function in old.functions}
    after = {function.name: function for function in new.functions}
    changes = ((name, _fields(before[name], after[name])) for name in sorted(before.keys() & after.keys()))
    return {
        **_names(before, after),
        "changed": [{"name": name, "fields_changed": fields} for name, fields in changes if fields],
    }


def _fields(before: Function, after: Function) -> list[str]:
    return [name for name in _FUNCTION_FIELDS if getattr(before, name) != getattr(after, name)]


def _names(old: Iterable[str], new: Iterable[str]) -> dict[str, list[Any]]:
    return {"added": sorted(set(new) - set(old)), "removed": sorted(set(old) - set(new))}


def _routes(old: tuple[Route, ...], new: tuple[Route, ...]) -> dict[str, list[Any]]:
    before = {route.pattern: route for route in old}
    after = {route.pattern: route for route in new}
    return {
        "added": [after[pattern].entry() for pattern in sorted(after.keys() - before.keys())],
        "removed": [before[pattern].entry() for pattern in sorted(before.keys() - after.keys())],
        "changed": [
            _route_change(before[pattern], after[pattern])
            for pattern in sorted(after.keys() & before.keys())
            if before[pattern] != after[pattern]
        ],
    }


def _route_change(before: Route, after: Route) -> dict[str, Any]:
    old, new = before.entry(), after.entry()
    fields = [name for name in ("methods", "target", "kind", "prefix") if old[name] != new[name]]
    return {"pattern": after.pattern, "before": old, "after": new, "fields_changed": fields}


def _others(old: ReleaseState, new: ReleaseState) -> Iterable[str]:
    if old.public_paths != new.public_paths:
        yield "public paths"
    if old.i18n != new.i18n:
        yield "languages"
    if old.checks != new.checks:
        yield "checks"
    if set(old.required_secrets) != set(new.required_secrets):
        yield "required secrets"


def _static_assets(old: ReleaseState, new: ReleaseState, is_stored: Callable[[str], bool]) -> dict[str, Any]:
    changes = _site(old, new)
    sizes = {file.sha256: file.size for file in new.site.values()}
    fresh = {sha256 for sha256 in sizes if not is_stored(sha256)}
    reused = sum(size for sha256, size in sizes.items() if sha256 not in fresh)
    return {
        "unchanged": len(new.site) - len(changes["added"]) - len(changes["changed"]),
        "changed": len(changes["changed"]),
        "added": len(changes["added"]),
        "removed": len(changes["removed"]),
        "newly_uploaded_cas_bytes": sum(sizes[sha256] for sha256 in fresh),
        "reused_cas_bytes": reused,
        "deployment_copy_bytes_eliminated": reused,
        "legacy_immutable_warnings": [],
        "previous_immutable_failures": immutable_failures(old, new),
        "cas_authorization_failures": [],
    }


def immutable_failures(old: ReleaseState, new: ReleaseState) -> list[dict[str, str]]:
    """Addresses that promised never to change their bytes, and would."""
    before = {address.public_path: address for address in static.addresses(old)}
    failures = []
    for address in static.addresses(new):
        previous = before.get(address.public_path)
        if previous is None or previous.cache_class != static.IMMUTABLE:
            continue
        shown, wanted = old.site[previous.asset_path].sha256, new.site[address.asset_path].sha256
        if shown != wanted:
            failures.append(
                {"path": address.public_path, "previous_sha256": shown, "candidate_sha256": wanted}
            )
    return failures

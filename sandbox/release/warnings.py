"""What a plan warns of: codes, severities and triggers of the table in apply 2.10, without its prefix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.release import routing, static
from sandbox.release.diff import LIST_LIMIT, Diff
from sandbox.release.function_warnings import function_warnings
from sandbox.release.paths import same_exact
from sandbox.release.schema_warnings import schema_warnings
from sandbox.release.spec import Spec
from sandbox.release.state import Migration, ReleaseState, Route

NEAR_LIMIT = routing.LIMIT * 9 // 10
_ENTRYPOINTS = ("index.html", "_worker.js")


@dataclass(frozen=True)
class Change:
    """All that the warnings look at."""

    spec: Spec
    old: ReleaseState
    new: ReleaseState
    diff: Diff
    secrets: frozenset[str]
    migrations: tuple[tuple[Migration, str | None], ...] = ()


def warnings(change: Change) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for rule in (_secrets, _subdomains, _site, _reach, _route_table, _aliases, _size):
        found += rule(change)
    found += function_warnings(change.old, change.new, change.diff)
    found += schema_warnings(change.migrations)
    return found


def _warning(
    code: str, severity: str, confirm: bool, message: str, affected: Iterable[str] = ()
) -> dict[str, Any]:
    names = list(affected)
    return {
        "code": code,
        "severity": severity,
        "requires_confirmation": confirm,
        "message": message,
        **({"affected": names[:100]} if names else {}),
    }


def _secrets(change: Change) -> Iterator[dict[str, Any]]:
    missing = sorted(set(change.new.required_secrets) - change.secrets)
    if missing:
        text = f"{len(missing)} required secret(s) are not set: {', '.join(missing[:10])}."
        yield _warning("MISSING_REQUIRED_SECRET", "high", True, text, missing)
    removed = sorted(set(change.spec.deletes) & change.secrets)
    if removed:
        yield _warning(
            "DESTRUCTIVE_SECRET_REMOVAL", "warn", True, f"Secrets are deleted: {', '.join(removed)}.", removed
        )


def _subdomains(change: Change) -> Iterator[dict[str, Any]]:
    removed = change.diff.subdomains["removed"]
    if removed:
        text = f"Apps stop answering at: {', '.join(removed)}."
        yield _warning("DESTRUCTIVE_SUBDOMAIN_REMOVAL", "high", True, text, removed)
    if change.old.subdomains and not change.new.subdomains:
        yield _warning("ZERO_SUBDOMAINS_AFTER", "warn", True, "The project keeps no subdomain.")


def _site(change: Change) -> Iterator[dict[str, Any]]:
    removed = change.diff.site["removed"]
    if len(removed) * 10 > len(change.old.site):
        text = f"{len(removed)} of {len(change.old.site)} live files are removed."
        yield _warning("DESTRUCTIVE_SITE_BULK_REMOVAL", "high", True, text, removed)
    entries = [path for path in _ENTRYPOINTS if path in removed]
    if entries:
        yield _warning("SITE_ENTRYPOINT_REMOVED", "warn", True, f"{entries[0]} is removed.", entries)
    if change.old.site and not change.new.site:
        yield _warning("ZERO_SITE_FILES_AFTER", "high", True, "The site keeps no file.")


def _reach(change: Change) -> Iterator[dict[str, Any]]:
    modes = (change.old.public_paths.mode, change.new.public_paths.mode)
    if modes == ("explicit", "implicit"):
        text = "Every file of the site becomes reachable at its own path."
        yield _warning("PUBLIC_PATH_MODE_WIDENS_TO_IMPLICIT", "warn", True, text)
    pages = [path for path, file in change.new.site.items() if file.content_type.startswith("text/html")]
    shown = {address.asset_path for address in static.addresses(change.new)}
    if pages and not shown & set(pages):
        text = "The site has pages, but no address shows one."
        yield _warning("SITE_NO_REACHABLE_HTML", "high", True, text, sorted(pages)[:10])


def _route_table(change: Change) -> Iterator[dict[str, Any]]:
    routes = change.new.routes
    if len(routes) >= NEAR_LIMIT:
        text = f"{len(routes)} of {routing.LIMIT} routes are in use."
        yield _warning("ROUTE_TABLE_NEAR_LIMIT", "warn", False, text)
    if len(change.new.aliases) >= NEAR_LIMIT:
        yield _warning("STATIC_ALIAS_TABLE_NEAR_LIMIT", "warn", False, text)
    carried = [route for route in change.spec.routes or () if not route.function and change.spec.site is None]
    if carried:
        patterns = [route.pattern for route in carried]
        text = "Routes lead to what comes from the live release."
        yield _warning("ROUTE_TARGET_CARRIED_FORWARD", "info", False, text, patterns)


def _aliases(change: Change) -> Iterator[dict[str, Any]]:
    """Quality of routes that are new in this plan; live ones were warned of before."""
    direct = {same_exact(a.public_path): a.asset_path for a in static.addresses(change.new) if a.direct}
    fresh = [route for route in change.new.aliases if route not in change.old.routes]
    yield from _group(
        "STATIC_ALIAS_SHADOWS_STATIC_PATH",
        "warn",
        "hide a file of another name",
        [route for route in fresh if direct.get(same_exact(route.pattern), route.file) != route.file],
    )
    yield from _group(
        "STATIC_ALIAS_REDUNDANT_PUBLIC_PATH",
        "info",
        "repeat an address the file has",
        [route for route in fresh if direct.get(same_exact(route.pattern)) == route.file],
    )
    yield from _group(
        "STATIC_ALIAS_DUPLICATE_CANONICAL_URL",
        "info",
        "are second addresses of one file",
        [
            route
            for route in fresh
            if route.file in direct.values() and same_exact(route.pattern) not in direct
        ],
    )
    yield from _group(
        "STATIC_ALIAS_RELATIVE_ASSET_RISK",
        "warn",
        "move a page, so its relative links change",
        [
            route
            for route in fresh
            if _is_page(change.new, route) and _folder(route.pattern) != _folder(f"/{route.file}")
        ],
    )
    yield from _group(
        "STATIC_ALIAS_EXTENSIONLESS_NON_HTML",
        "warn",
        "have no suffix and show no page",
        [
            route
            for route in fresh
            if not _is_page(change.new, route) and "." not in route.pattern.rsplit("/", 1)[-1]
        ],
    )


def _group(code: str, severity: str, what: str, routes: Sequence[Route]) -> Iterator[dict[str, Any]]:
    if routes:
        patterns = [route.pattern for route in routes]
        yield _warning(code, severity, False, f"Routes {what}: {', '.join(patterns[:10])}.", patterns)


def _is_page(state: ReleaseState, route: Route) -> bool:
    return state.site[route.file].content_type.startswith("text/html")


def _folder(path: str) -> str:
    return path.rsplit("/", 1)[0]


def _size(change: Change) -> Iterator[dict[str, Any]]:
    if change.diff.is_cut_at(LIST_LIMIT):
        yield _warning(
            "DIFF_TRUNCATED",
            "info",
            False,
            f"Lists are cut at {LIST_LIMIT} entries; the totals are complete.",
        )

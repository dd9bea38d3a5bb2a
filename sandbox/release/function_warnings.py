"""What a plan warns of about functions and the routes to them (apply 2.10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.release import static
from sandbox.release.diff import Diff
from sandbox.release.paths import same_exact
from sandbox.release.routing import allowed
from sandbox.release.state import ReleaseState, Route


def function_warnings(old: ReleaseState, new: ReleaseState, diff: Diff) -> Iterator[dict[str, Any]]:
    removed = diff.functions["removed"]
    if removed:
        text = f"Functions are removed: {', '.join(removed[:10])}."
        yield _warning("DESTRUCTIVE_FUNCTION_REMOVAL", "high", True, text, removed)
    if old.functions and not new.functions:
        yield _warning("ZERO_FUNCTIONS_AFTER", "high", True, "The project keeps no function.", removed)
    fresh = [route for route in new.routes if route.function and route not in old.routes]
    if fresh:
        names = sorted({route.function for route in fresh})
        text = f"Anybody can call: {', '.join(names)}."
        yield _warning("PUBLIC_ROUTED_FUNCTION", "info", False, text, [route.pattern for route in fresh])
    yield from _shadows(fresh, [address.public_path for address in static.addresses(new) if address.direct])


def _shadows(fresh: Iterable[Route], paths: list[str]) -> Iterator[dict[str, Any]]:
    """Files that a route hides, or that still answer GET where the route does not."""
    for route in fresh:
        hidden = [path for path in paths if _covers(route, path)]
        if not hidden:
            continue
        if "GET" not in allowed(route):
            text = f"GET still shows a file at '{route.pattern}'."
            code = "METHOD_SPECIFIC_ROUTE_ALLOWS_GET_STATIC_FALLBACK"
            yield _warning(code, "warn", False, text, [route.pattern])
        elif route.prefix is None:
            text = f"The route '{route.pattern}' hides a file."
            yield _warning("ROUTE_SHADOWS_STATIC_PATH", "warn", False, text, hidden)
        else:
            text = f"The route '{route.pattern}' hides {len(hidden)} file(s)."
            yield _warning("WILDCARD_ROUTE_SHADOWS_STATIC_PATHS", "warn", False, text, hidden)


def _covers(route: Route, path: str) -> bool:
    if route.prefix is None:
        return same_exact(route.pattern) == same_exact(path)
    return path.startswith(route.prefix)


def _warning(
    code: str, severity: str, confirm: bool, message: str, affected: Iterable[str]
) -> dict[str, Any]:
    return {
        "code": code,
        "severity": severity,
        "requires_confirmation": confirm,
        "message": message,
        "affected": list(affected)[:100],
    }

"""The route table: exact routes to files (apply 2.3.7, 4.1, 4.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.ids import digest
from sandbox.problems import invalid_spec, not_run_here
from sandbox.release.paths import is_exact_pattern, is_file_path, same_exact
from sandbox.release.state import Route

LIMIT = 100
STATIC_METHODS = ("GET", "HEAD")
METHODS = (*STATIC_METHODS, "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def read_routes(raw: object) -> tuple[Route, ...] | None:
    """None carries the base's table forward. Raises Problem."""
    if raw is None:
        return None
    if not isinstance(raw, dict) or set(raw) != {"replace"} or not isinstance(raw["replace"], list):
        fix = {"action": "set_field", "path": "routes.replace"}
        raise invalid_spec("'routes' is null or {replace: [...]}.", resource="routes", fix=fix)
    if len(raw["replace"]) > LIMIT:
        raise invalid_spec(f"A route table has at most {LIMIT} entries.", resource="routes.replace")
    routes = tuple(_route(entry, index) for index, entry in enumerate(raw["replace"]))
    _check_unique(routes)
    return tuple(sorted(routes, key=lambda route: route.pattern))


def _route(raw: object, index: int) -> Route:
    resource = f"routes.replace.{index}"
    if not isinstance(raw, dict) or not isinstance(raw.get("target"), dict):
        raise invalid_spec("A route is {pattern, methods, target: {type, ...}}.", resource=resource)
    target = raw["target"]
    if target.get("type") == "function":
        raise not_run_here("routes to functions")
    if target.get("type") != "static" or not is_file_path(target.get("file")):
        raise invalid_spec(
            "A route's target is {type: 'static', file} with a file of the site.", resource=resource
        )
    if not is_exact_pattern(raw.get("pattern")):
        raise invalid_spec(
            "A static route needs an absolute pattern without '*'.", resource=f"{resource}.pattern"
        )
    _check_entry(raw, resource)
    return Route(raw["pattern"], _methods(raw.get("methods"), resource), target["file"])


def _check_entry(raw: dict[str, Any], resource: str) -> None:
    unknown = sorted(set(raw) - {"pattern", "methods", "target", "kind", "prefix"})
    if unknown:
        raise invalid_spec(f"A static route has no '{unknown[0]}'.", resource=f"{resource}.{unknown[0]}")


def _methods(raw: object, resource: str) -> tuple[str, ...]:
    """Either [GET] or [GET, HEAD]; both serve both."""
    if isinstance(raw, list) and sorted(map(str, raw)) in (["GET"], ["GET", "HEAD"]):
        return tuple(sorted(map(str, raw)))
    raise invalid_spec(
        "A static route's methods are ['GET'] or ['GET', 'HEAD'].", resource=f"{resource}.methods"
    )


def _check_unique(routes: Iterable[Route]) -> None:
    seen: set[str] = set()
    for route in routes:
        if same_exact(route.pattern) in seen:
            raise invalid_spec(f"Two routes answer '{route.pattern}'.", resource="routes.replace")
        seen.add(same_exact(route.pattern))


def manifest_sha256(routes: Iterable[Route]) -> str | None:
    entries = [route.entry() for route in routes]
    return digest(entries) if entries else None

"""The route table: ways to files and to functions (apply 2.3.7, 4.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.ids import digest
from sandbox.problems import invalid_spec
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
    return tuple(sorted(routes, key=_order))


def _order(route: Route) -> tuple[bool, int, str, list[str], str]:
    """Exact before prefix, longer prefixes first, then by text."""
    is_prefix = route.prefix is not None
    length = -len(route.pattern) if is_prefix else 0
    return is_prefix, length, route.pattern, list(route.methods or ()), str(route.target)


def _route(raw: object, index: int) -> Route:
    resource = f"routes.replace.{index}"
    if not isinstance(raw, dict) or not isinstance(raw.get("target"), dict):
        raise invalid_spec("A route is {pattern, methods, target: {type, ...}}.", resource=resource)
    target = raw["target"]
    if target.get("type") == "function":
        return _function_route(raw, target.get("name"), resource)
    if target.get("type") != "static" or not is_file_path(target.get("file")):
        text = "A route's target is {type: 'function', name} or {type: 'static', file}."
        raise invalid_spec(text, resource=resource)
    if not is_exact_pattern(raw.get("pattern")):
        text = "A static route needs an absolute pattern without '*'."
        raise invalid_spec(text, resource=f"{resource}.pattern")
    _check_entry(raw, resource)
    return Route(raw["pattern"], _methods(raw.get("methods"), resource), file=target["file"])


def _function_route(raw: dict[str, Any], name: object, resource: str) -> Route:
    pattern, methods = raw.get("pattern"), raw.get("methods")
    exact = pattern.removesuffix("/*") if isinstance(pattern, str) else None
    if not is_exact_pattern(exact) or not isinstance(pattern, str):
        text = "A route's pattern is an absolute path, with '/*' at its end or without '*'."
        raise invalid_spec(text, resource=f"{resource}.pattern")
    if not isinstance(name, str) or not name:
        raise invalid_spec("A route to a function names it as 'target.name'.", resource=f"{resource}.target")
    chosen = None if methods is None else _function_methods(methods, resource)
    _check_entry(raw, resource, "acknowledge_readonly")
    if "acknowledge_readonly" in raw:
        _check_readonly(raw["acknowledge_readonly"], pattern, chosen, resource)
    return Route(pattern, chosen, function=name)


def _function_methods(raw: object, resource: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw or len(set(map(str, raw))) != len(raw) or set(raw) - set(METHODS):
        text = f"'methods' holds some of {', '.join(METHODS)}, each once."
        raise invalid_spec(text, resource=f"{resource}.methods")
    return tuple(sorted(raw))


def _check_readonly(raw: object, pattern: str, methods: tuple[str, ...] | None, resource: str) -> None:
    if raw is not True or not pattern.endswith("/*") or set(methods or METHODS) - set(STATIC_METHODS):
        text = "'acknowledge_readonly' is true, and only for GET and HEAD of a pattern with '/*'."
        raise invalid_spec(text, resource=f"{resource}.acknowledge_readonly")


def _check_entry(raw: dict[str, Any], resource: str, *more: str) -> None:
    unknown = sorted(set(raw) - {"pattern", "methods", "target", "kind", "prefix", *more})
    if unknown:
        raise invalid_spec(f"This kind of route has no '{unknown[0]}'.", resource=f"{resource}.{unknown[0]}")


def _methods(raw: object, resource: str) -> tuple[str, ...]:
    """Either [GET] or [GET, HEAD]; both serve both."""
    if isinstance(raw, list) and sorted(map(str, raw)) in (["GET"], ["GET", "HEAD"]):
        return tuple(sorted(map(str, raw)))
    raise invalid_spec(
        "A static route's methods are ['GET'] or ['GET', 'HEAD'].", resource=f"{resource}.methods"
    )


def _check_unique(routes: Iterable[Route]) -> None:
    """One entry for each pair of pattern and method."""
    seen: set[tuple[str, str]] = set()
    for route in routes:
        place = same_exact(route.pattern) if route.prefix is None else route.pattern
        pairs = {(place, method) for method in allowed(route)}
        if seen & pairs:
            raise invalid_spec(f"Two routes answer '{route.pattern}'.", resource="routes.replace")
        seen |= pairs


def allowed(route: Route) -> tuple[str, ...]:
    """The methods a route takes: all where it names none, HEAD wherever GET is, both for a file."""
    if not route.function:
        return STATIC_METHODS
    chosen = METHODS if route.methods is None else route.methods
    return tuple(name for name in METHODS if name in chosen or (name == "HEAD" and "GET" in chosen))


def manifest_sha256(routes: Iterable[Route]) -> str | None:
    entries = [route.entry() for route in routes]
    return digest(entries) if entries else None

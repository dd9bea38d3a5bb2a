"""What an address of a release leads to: routes, then files, then the single-page fallback (apply 3.7, 4.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.release import static
from sandbox.release.paths import same_exact
from sandbox.release.routing import METHODS, STATIC_METHODS, allowed
from sandbox.release.state import File, ReleaseState, Route


@dataclass(frozen=True)
class Found:
    """`match` and `fallback` are literals of apply 3.6. `allow` is filled where the method is the problem."""

    match: str
    fallback: str
    address: static.Address | None = None
    route: Route | None = None
    allow: tuple[str, ...] = ()


class Router:
    """A release, ready to be asked. Paths are compared decoded."""

    def __init__(self, state: ReleaseState) -> None:
        self._state = state
        self.i18n = state.i18n
        self._exact: dict[str, list[Route]] = {}
        self._prefixes: list[tuple[str, Route]] = []
        for route in state.routes:
            if route.prefix is None:
                self._exact.setdefault(same_exact(unquote(route.pattern)), []).append(route)
            else:
                self._prefixes.append((unquote(route.prefix), route))
        self._prefixes.sort(key=lambda pair: -len(pair[0]))
        found = static.addresses(state)
        self._aliases = {address.public_path: address for address in found if not address.direct}
        self._direct = {_decoded(address): address for address in found if address.direct}
        self._fallback = self._direct.get(static.spa_fallback(state) or "")

    def file(self, address: static.Address) -> File:
        return self._state.site[address.asset_path]

    def find(self, path: str, method: str) -> Found:
        """A route that takes the method; else, for GET and HEAD only, a file; else what is wrong."""
        candidates = self._candidates(path)
        for route in candidates:
            if method in allowed(route):
                return self._by_route(route)
        found = self._static(path, method, with_fallback=not candidates)
        if candidates and found.match == "none":
            return Found("route_method_miss", "not_used", route=candidates[0], allow=_union(candidates))
        return found

    def _candidates(self, path: str) -> list[Route]:
        """Exact ones before prefixes, longer prefixes first."""
        exact = self._exact.get(same_exact(path), [])
        return [*exact, *(route for prefix, route in self._prefixes if path.startswith(prefix))]

    def _by_route(self, route: Route) -> Found:
        if route.function:
            return Found("route_function", "not_used", route=route)
        return Found("route_static_alias", "not_used", self._aliases[route.pattern], route)

    def _static(self, path: str, method: str, *, with_fallback: bool) -> Found:
        address = self._direct.get(path)
        fallback = self._fallback if with_fallback and "." not in path.rsplit("/", 1)[-1] else None
        if (address or fallback) and method not in STATIC_METHODS:
            return Found("none", "method_not_static", allow=STATIC_METHODS)
        if address:
            is_index = path.endswith("/")
            return Found("static_index" if is_index else "static_exact", "not_used", address)
        if fallback:
            return Found("spa_fallback", "used", fallback)
        return Found("none", "not_eligible" if self._fallback else "not_configured")


def _union(routes: Iterable[Route]) -> tuple[str, ...]:
    taken = {method for route in routes for method in allowed(route)}
    return tuple(method for method in METHODS if method in taken)


def _decoded(address: static.Address) -> str:
    """Names of files are literal, addresses of an explicit map are written encoded."""
    implicit = address.authority == "implicit_file_path"
    return address.public_path if implicit else unquote(address.public_path)

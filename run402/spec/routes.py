"""The route table: which paths reach a function or a file (contract: apply 2.3.7 and 4.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from run402.spec.reader import Fields, Reader
from run402.spec.values import Document, document, given

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MOST_ROUTES = 100
MOST_PATTERN_BYTES = 256
_ROUTE = frozenset({"pattern", "methods", "target", "acknowledge_readonly", "pricing"})
_PRICING = frozenset({"mode", "amount_usd_micros", "pay_to", "networks", "receipt"})
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Target:
    """Where a route leads: ``function`` with a name, or ``static`` with a file of the site.

    >>> Target("function", name="api").to_wire()
    {'type': 'function', 'name': 'api'}
    """

    type: str
    name: str | None = None
    file: str | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        return document("cloud", self.extra, type=self.type, name=given(self.name), file=given(self.file))


@dataclass(frozen=True)
class Route:
    """One entry. ``methods`` of None means all seven; ``pricing`` is kept as it was written.

    >>> Route("/api/*", Target("function", name="api")).effective_methods == frozenset(METHODS)
    True
    """

    pattern: str
    target: Target
    methods: tuple[str, ...] | None = None
    acknowledge_readonly: bool | None = None
    pricing: Document | None = None
    extra: Document = field(default_factory=dict, repr=False)

    @property
    def effective_methods(self) -> frozenset[str]:
        """What the route answers: permission to GET is permission to HEAD."""
        methods = set(self.methods or METHODS)
        return frozenset(methods | {"HEAD"} if "GET" in methods else methods)

    @property
    def identity(self) -> str:
        """The pattern as it is compared: for exact ones a trailing slash makes no difference."""
        return self.pattern if self.pattern.endswith("*") else self.pattern.rstrip("/") or "/"

    def to_wire(self) -> dict[str, Any]:
        """Alike in both dialects."""
        return document(
            "cloud",
            self.extra,
            pattern=self.pattern,
            methods=given(None if self.methods is None else list(self.methods)),
            target=self.target.to_wire(),
            acknowledge_readonly=given(self.acknowledge_readonly),
            pricing=given(None if self.pricing is None else dict(self.pricing)),
        )


@dataclass(frozen=True)
class Routes:
    """The complete new table; an empty one clears it.

    >>> Routes(()).to_wire()
    {'replace': []}
    """

    replace: tuple[Route, ...]
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        return {"replace": [route.to_wire() for route in self.replace], **self.extra}


def read_routes(reader: Reader, value: Any) -> Routes:
    if isinstance(value, Mapping) and any(str(key).startswith("/") for key in value):
        reader.wrong(
            "routes", "is not keyed by path: list the entries under routes.replace, each with its pattern."
        )
        return Routes(())
    fields = reader.fields(value, "routes", {"replace"})
    if "replace" not in fields:
        fields.wrong("replace", "is required: the complete table, empty to clear it.")
    entries = fields.sequence("replace") or []
    if len(entries) > MOST_ROUTES:
        fields.wrong("replace", f"has at most {MOST_ROUTES} entries; these are {len(entries)}.")
    routes = tuple(_route(reader, item, path) for path, item in entries)
    _refuse_twins(reader, routes, fields.at("replace"))
    return Routes(routes, fields.extra)


def pattern_problem(pattern: str) -> str | None:
    """Why a pattern cannot be, as a sentence; None when it can."""
    if not pattern.startswith("/"):
        return "starts with “/”."
    if len(pattern.encode("utf-8", "replace")) > MOST_PATTERN_BYTES:
        return f"has at most {MOST_PATTERN_BYTES} bytes."
    if "?" in pattern or _BAD_ESCAPE.search(pattern):
        return "has no query, and “%” only before two hexadecimal digits."
    if "*" in pattern.removesuffix("/*"):
        return "has “*” only at its end, as “/*”."
    if pattern.endswith("/*") and not pattern.removesuffix("/*").strip("/"):
        return "needs something before the wildcard, as in “/api/*”."
    return None


def static_file_problem(file: str) -> str | None:
    """Why a route cannot show this file, as a sentence; None when it can."""
    odd = any(character in file for character in "?#\\")
    if odd or any(segment in ("", ".", "..") for segment in file.split("/")):
        return "is the relative path of a file: no “/” at either end, no “..”, “?”, “#” or “\\”."
    return None


def _route(reader: Reader, value: Any, path: str) -> Route:
    fields = reader.fields(value, path, _ROUTE)
    pattern = fields.text("pattern", required=True) or ""
    problem = pattern_problem(pattern) if pattern else None
    if problem:
        fields.wrong("pattern", problem)
    route = Route(
        pattern=pattern,
        target=_target(reader, fields),
        methods=_methods(fields),
        acknowledge_readonly=fields.flag("acknowledge_readonly"),
        pricing=_pricing(reader, fields) if "pricing" in fields else None,
        extra=fields.extra,
    )
    _check_static(fields, route)
    _check_acknowledgement(fields, route)
    return route


def _methods(fields: Fields) -> tuple[str, ...] | None:
    methods = fields.texts("methods")
    if methods == ():
        fields.wrong("methods", "is left out to mean all methods; it is never empty.")
    for method in methods or ():
        if method and method not in METHODS:
            fields.wrong("methods", f"“{method}” is none of: {', '.join(METHODS)}.")
    return methods


def _target(reader: Reader, route: Fields) -> Target:
    value, path = route.values.get("target"), route.at("target")
    if isinstance(value, Mapping) and "type" not in value and ("function" in value or "static" in value):
        reader.wrong(path, "is written out: type and name for a function, type and file for a static file.")
        return Target("")
    fields = reader.fields(value, path, {"type", "name", "file"})
    kind = fields.text("type", required=True)
    if kind == "function":
        return Target(kind, name=_only(fields, "name", "file"), extra=fields.extra)
    if kind == "static":
        file = _only(fields, "file", "name")
        problem = static_file_problem(file) if file else None
        if problem:
            fields.wrong("file", problem)
        return Target(kind, file=file, extra=fields.extra)
    if kind is not None:
        fields.wrong("type", "must be one of: function, static.")
    return Target("")


def _only(fields: Fields, wanted: str, other: str) -> str | None:
    if other in fields:
        fields.wrong(other, f"does not belong to a target of type {fields.values['type']}.")
    return fields.text(wanted, required=True)


def _pricing(reader: Reader, route: Fields) -> Document:
    fields = reader.fields(route.values["pricing"], route.at("pricing"), _PRICING)
    fields.choice("mode", ("always",))
    fields.whole("amount_usd_micros", least=1)
    fields.choice("pay_to", ("org_default_payout",))
    fields.choice("receipt", ("on_fulfillment",))
    for network in fields.texts("networks") or ():
        if network not in ("mainnet", "testnet"):
            fields.wrong("networks", "names mainnet, testnet, or both.")
    return dict(reader.mapping(route.values["pricing"], route.at("pricing"))) if fields.values else {}


def _check_static(fields: Fields, route: Route) -> None:
    if route.target.type != "static":
        return
    if "*" in route.pattern:
        fields.wrong("pattern", "has no “*” when the target is a static file.")
    if set(route.methods or ()) not in ({"GET"}, {"GET", "HEAD"}):
        fields.wrong("methods", "is GET, or GET and HEAD, when the target is a static file.")


def _check_acknowledgement(fields: Fields, route: Route) -> None:
    if "acknowledge_readonly" not in fields:
        return
    reads_only = route.methods is not None and set(route.methods) <= {"GET", "HEAD"}
    fits = route.target.type == "function" and route.pattern.endswith("/*") and reads_only
    if route.acknowledge_readonly is not True or not fits:
        message = "is true, and only for a function behind a pattern ending in “/*” that answers GET and HEAD alone."
        fields.wrong("acknowledge_readonly", message)


def _refuse_twins(reader: Reader, routes: tuple[Route, ...], path: str) -> None:
    """No two entries may answer the same method at the same pattern."""
    seen: dict[tuple[str, str], int] = {}
    for number, route in enumerate(routes):
        for method in METHODS:
            if method not in route.effective_methods or not route.pattern:
                continue
            first = seen.setdefault((route.identity, method), number)
            if first != number:
                reader.wrong(f"{path}[{number}]", f"answers {method} at the same pattern as entry {first}.")
                break

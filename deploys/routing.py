"""A route table as it is served: order, overlaps, and what each route hides (contract: apply 3.7, 4.1 and 4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from run402 import reading
from run402.spec.routes import METHODS

_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Entry:
    """One route. `methods` None means all seven; `place` is where it stood in the list it came from."""

    pattern: str
    methods: tuple[str, ...] | None
    target: Mapping[str, Any]
    place: int = 0
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def is_prefix(self) -> bool:
        return self.pattern.endswith("/*")

    @property
    def path(self) -> str:
        """What paths are compared with, decoded: a prefix with its last “/”, an exact one without."""
        plain = unquote(self.pattern)
        return plain[:-1] if self.is_prefix else plain.rstrip("/") or "/"

    @property
    def is_function(self) -> bool:
        return self.target.get("type") == "function"

    @property
    def leads_to(self) -> str:
        """The name of its function or the path of its file."""
        return str(self.target.get("name") or self.target.get("file") or "")

    @property
    def answers(self) -> frozenset[str]:
        """The methods it takes: permission to GET is permission to HEAD; a file takes both."""
        if self.target.get("type") == "static":
            return _READS
        methods = set(self.methods or METHODS)
        return frozenset(methods | {"HEAD"} if "GET" in methods else methods)

    def covers(self, path: str) -> bool:
        """Say whether the pattern fits a path, whatever the method."""
        plain = unquote(path)
        return plain.startswith(self.path) if self.is_prefix else (plain.rstrip("/") or "/") == self.path


def entry_of(raw: Mapping[str, Any], place: int = 0) -> Entry:
    """Read one entry of an inventory or a spec; what is odd about it is kept and shown."""
    methods, target = raw.get("methods"), raw.get("target")
    return Entry(
        pattern=str(raw.get("pattern") or ""),
        methods=tuple(str(method) for method in methods) if isinstance(methods, list) else None,
        target=target if isinstance(target, Mapping) else {},
        place=place,
        raw=raw,
    )


def entries_of(rows: object) -> list[Entry]:
    """Return the entries of a list of documents, in the order in which they are served."""
    found = [
        entry_of(row, place)
        for place, row in enumerate(rows if isinstance(rows, list) else [])
        if isinstance(row, Mapping)
    ]
    return served(found)


def served(entries: Iterable[Entry]) -> list[Entry]:
    """Exact ones before prefixes, longer prefixes first, then by pattern and methods."""
    return sorted(
        entries,
        key=lambda entry: (
            entry.is_prefix,
            -len(entry.path) if entry.is_prefix else 0,
            entry.pattern,
            entry.methods or (),
        ),
    )


def goes_first(entry: Entry, entries: Sequence[Entry]) -> list[Entry]:
    """Return the routes that answer in place of this one at some of its paths, for some of its methods."""
    if not entry.is_prefix:
        return []
    return [
        other
        for other in entries
        if other is not entry and _is_inside(other, entry) and other.answers & entry.answers
    ]


def _is_inside(inner: Entry, outer: Entry) -> bool:
    return inner.path.startswith(outer.path) and (len(inner.path) > len(outer.path) or not inner.is_prefix)


@dataclass(frozen=True)
class Site:
    """What of a release routes can lead to or hide. `files` None: not known whole.

    `direct` maps each public address to the file that answers there without any route.
    """

    files: frozenset[str] | None
    functions: frozenset[str] | None
    direct: Mapping[str, str]


def hides(entry: Entry, site: Site, first: Sequence[Entry] = ()) -> list[str]:
    """Return the addresses of other files that nobody sees because the route answers; not those of `first`."""
    if "GET" not in entry.answers:
        return []
    return [
        address
        for address, file in site.direct.items()
        if entry.covers(address)
        and (entry.is_function or file != entry.leads_to)
        and not any(other.covers(address) and "GET" in other.answers for other in first)
    ]


def shows_file_to_get(entry: Entry, entries: Sequence[Entry], site: Site) -> list[str]:
    """Return the addresses where GET shows a file although a route stands there: no route answers GET."""
    if "GET" in entry.answers:
        return []
    reads = [other for other in entries if "GET" in other.answers]
    fitting = (address for address in site.direct if entry.covers(address))
    return [address for address in fitting if not any(other.covers(address) for other in reads)]


def is_target_missing(entry: Entry, site: Site) -> bool:
    """Say whether the route leads to something that the release does not hold."""
    known = site.functions if entry.is_function else site.files
    return known is not None and entry.leads_to not in known


def site_of(inventory: Mapping[str, Any]) -> Site:
    """Return what an inventory tells; lists that were cut prove nothing about what is missing."""
    site = reading.mapping(inventory, "site")
    rows = site.get("paths")
    paths = names_of(site, "paths", "path")
    total = reading.number(reading.mapping(site, "totals"), "paths")
    whole = isinstance(rows, list) and len(paths) == (len(rows) if total is None else total)
    functions = names_of(inventory, "functions", "name")
    public = reading.documents(inventory, "public_paths")
    return Site(
        files=frozenset(paths) if whole else None,
        functions=frozenset(functions) if isinstance(inventory.get("functions"), list) else None,
        direct={
            path: reading.text(row, "asset_path") or ""
            for row in public
            if row.get("direct") and (path := reading.text(row, "public_path"))
        },
    )


def names_of(doc: Mapping[str, Any], name: str, key: str) -> list[str]:
    """Return what the rows of a list hold under `key`; odd ones are left out."""
    return [found for row in reading.documents(doc, name) if (found := reading.text(row, key))]

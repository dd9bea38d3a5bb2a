"""The static site of a release, and which of its files can be reached (contract: apply 2.3.5 and 2.15)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import unquote

from run402.spec.content import ContentRef, Entries
from run402.spec.reader import Fields, Reader
from run402.spec.values import Dialect, Document, document, given

_FORBIDDEN = re.compile(r"[?#\\\x00-\x1f\x7f]|//|%2f|%5c", re.IGNORECASE)
_RESERVED = ("/_cas", "/_run402")


@dataclass(frozen=True)
class PublicPath:
    """What a public path shows. Unknown cache classes are kept.

    >>> PublicPath("index.html").to_wire()
    {'asset': 'index.html'}
    """

    asset: str
    cache_class: str | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        return document("cloud", self.extra, asset=self.asset, cache_class=given(self.cache_class))


@dataclass(frozen=True)
class PublicPaths:
    """``implicit``: every file at its own path. ``explicit``: only what ``replace`` lists.

    >>> PublicPaths("implicit").to_wire()
    {'mode': 'implicit'}
    """

    mode: str
    replace: Mapping[str, PublicPath] | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        paths = self.replace
        return document(
            "cloud",
            self.extra,
            mode=self.mode,
            replace=given(None if paths is None else {name: item.to_wire() for name, item in paths.items()}),
        )


@dataclass(frozen=True)
class SitePatch:
    """Files to put and paths to delete; all others stay.

    >>> SitePatch(delete=("old.html",)).to_wire("cloud")
    {'delete': ['old.html']}
    """

    put: Mapping[str, ContentRef] | None = None
    delete: tuple[str, ...] | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        return document(
            dialect,
            self.extra,
            put=given(_written(self.put, dialect)),
            delete=given(None if self.delete is None else list(self.delete)),
        )


@dataclass(frozen=True)
class Site:
    """Either the complete set of files or a patch; ``public_paths`` may come with either, or alone.

    >>> Site(replace={}).deploys
    False
    """

    replace: Mapping[str, ContentRef] | None = None
    patch: SitePatch | None = None
    public_paths: PublicPaths | None = None
    extra: Document = field(default_factory=dict, repr=False)

    @property
    def deploys(self) -> bool:
        if self.replace is None and self.patch is None:
            return self.public_paths is not None
        return bool(self.replace or (self.patch and (self.patch.put or self.patch.delete)))

    def refs(self) -> Iterator[ContentRef]:
        yield from (self.replace or {}).values()
        yield from ((self.patch and self.patch.put) or {}).values()

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        return document(
            dialect,
            self.extra,
            replace=given(_written(self.replace, dialect)),
            patch=given(self.patch and self.patch.to_wire(dialect)),
            public_paths=given(self.public_paths and self.public_paths.to_wire()),
        )


def read_site(reader: Reader, value: Any, entries: Entries) -> Site:
    fields = reader.fields(value, "site", {"replace", "patch", "public_paths"})
    if "replace" in fields and "patch" in fields:
        reader.wrong("site", "takes either replace or patch.")
    public = fields.values.get("public_paths")
    site = Site(
        replace=entries.read_map(fields.values["replace"], fields.at("replace"))
        if "replace" in fields
        else None,
        patch=_patch(reader, fields, entries) if "patch" in fields else None,
        public_paths=None if public is None else _public_paths(reader, public, fields.at("public_paths")),
        extra=fields.extra,
    )
    _refuse_server_files(fields, "replace", site.replace or ())
    _refuse_server_files(fields, "patch", (site.patch and site.patch.put) or ())
    return site


def _refuse_server_files(fields: Fields, part: str, paths: Iterable[str]) -> None:
    """A build's server side among the site's files would be published (contract: apply 2.3.5)."""
    found = (path for path in paths if path == "run402/adapter.json" or path.startswith("run402/server/"))
    shown = list(islice(found, 3))
    if shown:
        message = f"holds the server side of a build ({', '.join(shown)}); deploy its client folder only."
        fields.wrong(part, message, code="ASTRO_ADAPTER_TREE_IN_SITE")


def _patch(reader: Reader, site: Fields, entries: Entries) -> SitePatch:
    fields = reader.fields(site.values["patch"], site.at("patch"), {"put", "delete"})
    delete = fields.texts("delete")
    for number, name in enumerate(delete or ()):
        entries.check_path(name, f"{fields.at('delete')}[{number}]")
    put = entries.read_map(fields.values["put"], fields.at("put")) if "put" in fields else None
    return SitePatch(put, delete, fields.extra)


def _public_paths(reader: Reader, value: Any, path: str) -> PublicPaths:
    fields = reader.fields(value, path, {"mode", "replace"})
    if "mode" not in fields:
        fields.wrong("mode", "is required.")
    mode = fields.choice("mode", ("implicit", "explicit")) or ""
    if mode == "implicit" and "replace" in fields:
        fields.wrong("replace", "belongs to the explicit mode.")
    if mode == "explicit" and "replace" not in fields:
        fields.wrong("replace", "is required in the explicit mode, and complete.")
    listed = fields.mapping("replace")
    if listed is None:
        return PublicPaths(mode, None, fields.extra)
    at = fields.at("replace")
    found = {name: _public_path(reader, name, item, f"{at}.{name}") for name, item in listed.items()}
    return PublicPaths(mode, found, fields.extra)


def _public_path(reader: Reader, name: str, value: Any, path: str) -> PublicPath:
    problem = public_path_problem(name)
    if problem:
        reader.wrong(path, problem)
    fields = reader.fields(value, path, {"asset", "cache_class"})
    return PublicPath(fields.text("asset", required=True) or "", fields.text("cache_class"), fields.extra)


def public_path_problem(path: str) -> str | None:
    """Why a path cannot be public, as a sentence; None when it can."""
    if not path.startswith("/"):
        return "starts with “/”."
    if _FORBIDDEN.search(path) or any(part in (".", "..") for part in unquote(path).split("/")):
        return "holds no “?”, “#”, “\\”, “//”, “..”, control character or encoded slash."
    if not unicodedata.is_normalized("NFC", path):
        return "is written in Unicode's composed form (NFC)."
    if any(path == name or path.startswith(f"{name}/") for name in _RESERVED):
        return "is reserved for the gateway."
    return None


def _written(refs: Mapping[str, ContentRef] | None, dialect: Dialect) -> dict[str, Any] | None:
    return None if refs is None else {path: ref.to_wire(dialect) for path, ref in refs.items()}

"""What a release is: the materialised state that stays when all carry-forward is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class File:
    sha256: str
    size: int
    content_type: str


@dataclass(frozen=True)
class PublicPath:
    """One address of an explicit map. `cache_class` is what the spec asked for."""

    asset: str
    cache_class: str | None = None


@dataclass(frozen=True)
class PublicPaths:
    """`entries` is empty in implicit mode, and the complete map in explicit mode."""

    mode: str = "implicit"
    entries: Mapping[str, PublicPath] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """A route to a file of the release; `methods` as given. Function targets are not run here."""

    pattern: str
    methods: tuple[str, ...]
    file: str

    def entry(self) -> dict[str, Any]:
        """The materialised form (apply 4.1)."""
        return {
            "pattern": self.pattern,
            "kind": "exact",
            "prefix": None,
            "methods": list(self.methods),
            "target": {"type": "static", "file": self.file},
        }


@dataclass(frozen=True)
class Migration:
    """SQL that a release counts on, by the digest of its bytes; `transaction` is required or none."""

    id: str
    checksum: str
    size: int
    transaction: str = "required"

    @property
    def file(self) -> File:
        return File(self.checksum, self.size, "application/sql")


@dataclass(frozen=True)
class ReleaseState:
    site: Mapping[str, File] = field(default_factory=dict)
    public_paths: PublicPaths = PublicPaths()
    subdomains: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    i18n: Mapping[str, Any] | None = None
    checks: tuple[Any, ...] = ()
    required_secrets: tuple[str, ...] = ()
    migrations: tuple[Migration, ...] = ()
    expose: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "site": {path: vars(file) for path, file in sorted(self.site.items())},
            "public_paths": {
                "mode": self.public_paths.mode,
                "entries": {path: vars(entry) for path, entry in sorted(self.public_paths.entries.items())},
            },
            "subdomains": list(self.subdomains),
            "routes": [route.entry() for route in self.routes],
            "i18n": self.i18n,
            "checks": list(self.checks),
            "required_secrets": list(self.required_secrets),
            "migrations": [vars(migration) for migration in self.migrations],
            "expose": self.expose,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ReleaseState:
        public = value["public_paths"]
        entries = {path: PublicPath(**entry) for path, entry in public["entries"].items()}
        return cls(
            site={path: File(**file) for path, file in value["site"].items()},
            public_paths=PublicPaths(public["mode"], entries),
            subdomains=tuple(value["subdomains"]),
            routes=tuple(
                Route(r["pattern"], tuple(r["methods"]), r["target"]["file"]) for r in value["routes"]
            ),
            i18n=value["i18n"],
            checks=tuple(value["checks"]),
            required_secrets=tuple(value["required_secrets"]),
            migrations=tuple(Migration(**migration) for migration in value.get("migrations", ())),
            expose=value.get("expose"),
        )

    def bytes(self) -> int:
        """What this state occupies: every distinct object once."""
        return sum({file.sha256: file.size for file in self.site.values()}.values())

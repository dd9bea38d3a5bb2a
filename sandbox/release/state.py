"""What a release is: the materialised state that stays when all carry-forward is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.ids import digest


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
    """A way to a file or to a function: one of the two is named. `methods` as given, None for all of them."""

    pattern: str
    methods: tuple[str, ...] | None
    file: str = ""
    function: str = ""

    @property
    def prefix(self) -> str | None:
        return self.pattern.removesuffix("*") if self.pattern.endswith("/*") else None

    @property
    def target(self) -> dict[str, str]:
        if self.function:
            return {"type": "function", "name": self.function}
        return {"type": "static", "file": self.file}

    def entry(self) -> dict[str, Any]:
        """The materialised form (apply 4.1)."""
        return {
            "pattern": self.pattern,
            "kind": "exact" if self.prefix is None else "prefix",
            "prefix": self.prefix,
            "methods": None if self.methods is None else list(self.methods),
            "target": self.target,
        }

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Route:
        methods, target = entry["methods"], entry["target"]
        chosen = None if methods is None else tuple(methods)
        return cls(entry["pattern"], chosen, target.get("file", ""), target.get("name", ""))


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
class Function:
    """Code and how it is run: either one `source` or `files` with an `entrypoint`. `require_role` is snake-cased."""

    name: str
    runtime: str = "node22"
    source: File | None = None
    files: Mapping[str, File] = field(default_factory=dict)
    entrypoint: str | None = None
    timeout_seconds: int = 10
    memory_mb: int = 128
    schedule: str | None = None
    require_auth: bool = False
    require_role: Mapping[str, Any] | None = None
    deps: tuple[str, ...] = ()

    @property
    def code(self) -> tuple[File, ...]:
        return (self.source,) if self.source else tuple(self.files.values())

    @property
    def code_hash(self) -> str:
        if self.source:
            return self.source.sha256
        files = {path: file.sha256 for path, file in self.files.items()}
        return digest({"entrypoint": self.entrypoint, "files": files})

    def row(self) -> dict[str, Any]:
        """As an inventory lists it (apply 3.2)."""
        names = ("name", "code_hash", "runtime", "timeout_seconds", "memory_mb", "schedule")
        return {name: getattr(self, name) for name in names}

    def to_json(self) -> dict[str, Any]:
        source = vars(self.source) if self.source else None
        files = {path: vars(file) for path, file in sorted(self.files.items())}
        return {**vars(self), "source": source, "files": files, "deps": list(self.deps)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Function:
        source = File(**value["source"]) if value["source"] else None
        files = {path: File(**file) for path, file in value["files"].items()}
        return cls(**{**value, "source": source, "files": files, "deps": tuple(value["deps"])})


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
    functions: tuple[Function, ...] = ()

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
            "functions": [function.to_json() for function in self.functions],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ReleaseState:
        public = value["public_paths"]
        entries = {path: PublicPath(**entry) for path, entry in public["entries"].items()}
        return cls(
            site={path: File(**file) for path, file in value["site"].items()},
            public_paths=PublicPaths(public["mode"], entries),
            subdomains=tuple(value["subdomains"]),
            routes=tuple(Route.from_entry(entry) for entry in value["routes"]),
            i18n=value["i18n"],
            checks=tuple(value["checks"]),
            required_secrets=tuple(value["required_secrets"]),
            migrations=tuple(Migration(**migration) for migration in value.get("migrations", ())),
            expose=value.get("expose"),
            functions=tuple(Function.from_json(function) for function in value.get("functions", ())),
        )

    @property
    def aliases(self) -> tuple[Route, ...]:
        """The routes to files."""
        return tuple(route for route in self.routes if not route.function)

    def bytes(self) -> int:
        """What this state occupies: every distinct object once."""
        return sum({file.sha256: file.size for file in self.site.values()}.values())

"""What a release holds beside its files, from its archive and its mirrored inventory (contract: apply 3.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.ui.figures import size
from deploys import routing
from deploys.models import Release
from deploys.pages.routes import (
    PublicPath,
    RouteRow,
    WarningRow,
    public_paths,
    route_rows,
    warnings_of,
)
from run402.reading import mapping, moment, strings

#: Public paths on the page of a release; a search finds the others.
MOST_PUBLIC = 200


@dataclass(frozen=True)
class FunctionRow:
    """One function. Where the release was never read, only what was deployed is known of it."""

    name: str
    facts: str
    schedule: str
    digest: str


@dataclass(frozen=True)
class MigrationRow:
    """One migration that had been applied."""

    name: str
    digest: str
    at: object


@dataclass(frozen=True)
class Inventory:
    """The sections. `public_paths` None: the gateway does not tell them. `is_read`: the gateway told what it holds."""

    is_read: bool
    functions: tuple[FunctionRow, ...]
    routes: tuple[RouteRow, ...]
    public_paths: tuple[PublicPath, ...] | None
    public_hidden: int
    secrets: tuple[str, ...]
    migrations: tuple[MigrationRow, ...]
    counters: tuple[tuple[str, str], ...]
    warnings: tuple[WarningRow, ...]


def inventory_of(release: Release, query: str = "") -> Inventory:
    """Put the sections together; `query` narrows the public paths."""
    kept = release.inventory
    paths = public_paths(kept, query)
    return Inventory(
        is_read=bool(kept),
        functions=tuple(_functions(release)),
        routes=route_rows(_routes(release), routing.site_of(kept)),
        public_paths=None if paths is None else tuple(paths[:MOST_PUBLIC]),
        public_hidden=max(len(paths or ()) - MOST_PUBLIC, 0),
        secrets=strings(mapping(kept, "secrets"), "keys"),
        migrations=tuple(_migration(row) for row in _rows(kept.get("migrations"))),
        counters=tuple(_counters(kept)),
        warnings=warnings_of(kept),
    )


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _routes(release: Release) -> list[routing.Entry]:
    told = mapping(release.inventory, "routes").get("entries")
    return routing.entries_of(told if told is not None else (release.archive or {}).get("routes"))


def _functions(release: Release) -> Iterator[FunctionRow]:
    rows = _rows(release.inventory.get("functions"))
    known = {str(row.get("name")) for row in rows}
    for row in rows:
        yield FunctionRow(
            str(row.get("name")), _facts(row), str(row.get("schedule") or ""), str(row.get("code_hash") or "")
        )
    for name in sorted(set((release.archive or {}).get("functions") or {}) - known):
        yield FunctionRow(name, "", "", "")


def _facts(row: Mapping[str, Any]) -> str:
    """Say what is known of how a function runs, in one line."""
    told = [str(row.get("runtime") or "")]
    if row.get("memory_mb"):
        told.append(_("%(count)s MB") % {"count": row["memory_mb"]})
    if row.get("timeout_seconds"):
        told.append(_("%(count)s s at most") % {"count": row["timeout_seconds"]})
    return ", ".join(part for part in told if part)


def _migration(row: Mapping[str, Any]) -> MigrationRow:
    name = str(row.get("migration_id") or row.get("id") or "")
    return MigrationRow(name, str(row.get("checksum_hex") or ""), moment(dict(row), "applied_at"))


def _counters(kept: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the gateway's own counts of the site, with what it counts that the panel does not know."""
    metadata = mapping(kept, "metadata")
    labels = {"file_count": _("Files"), "total_bytes": _("Bytes"), "spa_fallback": _("Entry page of the app")}
    for key, value in metadata.items():
        if isinstance(value, Mapping):
            yield _named(key), ", ".join(f"{name} {count}" for name, count in value.items()) or _("none")
        elif value is not None:
            shown = size(value) if key == "total_bytes" and isinstance(value, int) else str(value)
            yield labels.get(key, _named(key)), shown


def _named(key: str) -> str:
    known = {"cache_classes": _("Cache classes"), "cache_class_sources": _("Cache classes from")}
    return known.get(key, key.replace("_", " ").capitalize())

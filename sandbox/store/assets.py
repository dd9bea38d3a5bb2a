"""A project's assets by key, and the addresses of versions that promised never to change."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.store.database import Database


@dataclass(frozen=True)
class Asset:
    key: str
    sha256: str
    size: int
    content_type: str
    visibility: str
    immutable: bool
    metadata: Mapping[str, Any] | None
    created_at: float

    @property
    def versioned_key(self) -> str:
        """The key with eight digits of the digest before its suffix (apply 10.4)."""
        folder, slash, name = self.key.rpartition("/")
        stem, dot, suffix = name.rpartition(".")
        named = f"{stem}-{self.sha256[:8]}.{suffix}" if dot else f"{name}-{self.sha256[:8]}"
        return f"{folder}{slash}{named}"


class Assets:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, project_id: str, key: str) -> Asset | None:
        row = self._database.row("SELECT * FROM assets WHERE project_id = ? AND key = ?", project_id, key)
        return _asset(row) if row else None

    def under(self, project_id: str, prefix: str = "") -> list[Asset]:
        """By key."""
        rows = self._database.rows(
            "SELECT * FROM assets WHERE project_id = ? AND substr(key, 1, ?) = ? ORDER BY key",
            project_id,
            len(prefix),
            prefix,
        )
        return [_asset(row) for row in rows]

    def put(self, project_id: str, asset: Asset) -> None:
        with self._database.transaction():
            values = (project_id, *_values(asset))
            self._database.run("INSERT OR REPLACE INTO assets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *values)
            if asset.immutable and asset.visibility == "public":
                text = "INSERT OR REPLACE INTO asset_versions VALUES (?, ?, ?, ?)"
                self._database.run(text, project_id, asset.versioned_key, asset.sha256, asset.content_type)

    def remove(self, project_id: str, key: str) -> None:
        self._database.run("DELETE FROM assets WHERE project_id = ? AND key = ?", project_id, key)

    def version(self, project_id: str, versioned_key: str) -> tuple[str, str] | None:
        """Digest and content type of a version, also of one that was overwritten since."""
        row = self._database.row(
            "SELECT sha256, content_type FROM asset_versions WHERE project_id = ? AND key = ?",
            project_id,
            versioned_key,
        )
        return (row["sha256"], row["content_type"]) if row else None


def _values(asset: Asset) -> tuple[object, ...]:
    metadata = None if asset.metadata is None else json.dumps(asset.metadata)
    facts = (asset.key, asset.sha256, asset.size, asset.content_type, asset.visibility)
    return (*facts, int(asset.immutable), metadata, asset.created_at)


def _asset(row: sqlite3.Row) -> Asset:
    given = {name: row[name] for name in row.keys() if name != "project_id"}  # noqa: SIM118 - sqlite3.Row
    metadata = json.loads(given["metadata"]) if given["metadata"] else None
    return Asset(**{**given, "immutable": bool(given["immutable"]), "metadata": metadata})

"""Releases: materialised states, one of which is live per project."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from sandbox.store.database import Database


@dataclass(frozen=True)
class Release:
    id: str
    project_id: str
    parent_id: str | None
    status: str
    generation: int | None
    deployment_id: str
    manifest_digest: str
    operation_id: str
    plan_id: str | None
    state: dict[str, Any]
    created_by: str
    created_at: float
    activated_at: float | None
    superseded_at: float | None


class Releases:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, release: Release) -> None:
        self._database.run(
            "INSERT INTO releases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            release.id,
            release.project_id,
            release.parent_id,
            release.status,
            release.generation,
            release.deployment_id,
            release.manifest_digest,
            release.operation_id,
            release.plan_id,
            json.dumps(release.state),
            release.created_by,
            release.created_at,
            release.activated_at,
            release.superseded_at,
        )

    def get(self, release_id: str) -> Release | None:
        return self._one("id = ?", release_id)

    def by_deployment(self, deployment_id: str) -> Release | None:
        return self._one("deployment_id = ?", deployment_id)

    def _one(self, condition: str, value: str) -> Release | None:
        row = self._database.row(f"SELECT * FROM releases WHERE {condition}", value)  # noqa: S608 - own words
        return _release(row) if row else None

    def activate(self, release_id: str, *, generation: int, now: float) -> None:
        self._database.run(
            "UPDATE releases SET status = 'active', generation = ?, activated_at = ?, superseded_at = NULL"
            " WHERE id = ?",
            generation,
            now,
            release_id,
        )

    def supersede(self, release_id: str, *, now: float) -> None:
        self._database.run(
            "UPDATE releases SET status = 'superseded', superseded_at = ? WHERE id = ?", now, release_id
        )

    def fail(self, release_id: str) -> None:
        self._database.run("UPDATE releases SET status = 'failed' WHERE id = ?", release_id)


def _release(row: sqlite3.Row) -> Release:
    return Release(**{**dict(row), "state": json.loads(row["state"])})

"""Names of apps: who holds each one and which release it shows."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sandbox.store.database import Database


@dataclass(frozen=True)
class Subdomain:
    name: str
    project_id: str
    release_id: str
    created_at: float
    updated_at: float


class Subdomains:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> Subdomain | None:
        row = self._database.row("SELECT * FROM subdomains WHERE name = ?", name)
        return _subdomain(row) if row else None

    def of_project(self, project_id: str) -> list[Subdomain]:
        rows = self._database.rows("SELECT * FROM subdomains WHERE project_id = ? ORDER BY name", project_id)
        return [_subdomain(row) for row in rows]

    def point(self, name: str, *, project_id: str, release_id: str, now: float) -> None:
        """Claim a name or move one that the project holds; ownership is checked by the caller."""
        self._database.run(
            "INSERT INTO subdomains VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET release_id = excluded.release_id, updated_at = excluded.updated_at",
            name,
            project_id,
            release_id,
            now,
            now,
        )

    def remove(self, name: str) -> None:
        self._database.run("DELETE FROM subdomains WHERE name = ?", name)


def _subdomain(row: sqlite3.Row) -> Subdomain:
    return Subdomain(**dict(row))

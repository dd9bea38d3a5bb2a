"""Names of a project's secrets. The sandbox keeps no values: nothing here could use one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.store.database import Database


@dataclass(frozen=True)
class Secret:
    key: str
    created_at: float
    updated_at: float


class Secrets:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of_project(self, project_id: str) -> list[Secret]:
        rows = self._database.rows(
            "SELECT key, created_at, updated_at FROM secrets WHERE project_id = ? ORDER BY key", project_id
        )
        return [Secret(**dict(row)) for row in rows]

    def keys(self, project_id: str) -> list[str]:
        return [secret.key for secret in self.of_project(project_id)]

    def put(self, project_id: str, key: str, *, now: float) -> None:
        self._database.run(
            "INSERT INTO secrets VALUES (?, ?, ?, ?)"
            " ON CONFLICT (project_id, key) DO UPDATE SET updated_at = excluded.updated_at",
            project_id,
            key,
            now,
            now,
        )

    def remove(self, project_id: str, keys: Iterable[str]) -> None:
        for key in keys:
            self._database.run("DELETE FROM secrets WHERE project_id = ? AND key = ?", project_id, key)

"""Names of a project's secrets. The sandbox keeps no values: nothing here could use one."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.store.database import Database


class Secrets:
    def __init__(self, database: Database) -> None:
        self._database = database

    def keys(self, project_id: str) -> list[str]:
        rows = self._database.rows("SELECT key FROM secrets WHERE project_id = ? ORDER BY key", project_id)
        return [row["key"] for row in rows]

    def add(self, project_id: str, key: str) -> None:
        self._database.run("INSERT OR IGNORE INTO secrets VALUES (?, ?)", project_id, key)

    def remove(self, project_id: str, keys: Iterable[str]) -> None:
        for key in keys:
            self._database.run("DELETE FROM secrets WHERE project_id = ? AND key = ?", project_id, key)

"""A project's secrets. Values are for its functions only: no answer of the API holds one."""

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

    def values(self, project_id: str) -> dict[str, str]:
        """Everything by name, for the environment of a function."""
        rows = self._database.rows("SELECT key, value FROM secret_values WHERE project_id = ?", project_id)
        return {row["key"]: row["value"] for row in rows}

    def put(self, project_id: str, key: str, value: str, *, now: float) -> None:
        with self._database.transaction():
            self._database.run(
                "INSERT INTO secrets VALUES (?, ?, ?, ?)"
                " ON CONFLICT (project_id, key) DO UPDATE SET updated_at = excluded.updated_at",
                project_id,
                key,
                now,
                now,
            )
            self._database.run(
                "INSERT OR REPLACE INTO secret_values VALUES (?, ?, ?)", project_id, key, value
            )

    def remove(self, project_id: str, keys: Iterable[str]) -> None:
        for key in keys:
            for table in ("secrets", "secret_values"):
                text = f"DELETE FROM {table} WHERE project_id = ? AND key = ?"  # noqa: S608 # nosec B608 - own names
                self._database.run(text, project_id, key)

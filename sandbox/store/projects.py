"""Projects and their two keys."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from sandbox.store.database import Database


@dataclass(frozen=True)
class Project:
    """`owner` is a lower-case address; `number` names the schema slot."""

    id: str
    number: int
    owner: str
    name: str
    anon_key: str = field(repr=False)
    service_key: str = field(repr=False)
    active_release_id: str | None
    generation: int
    api_calls: int
    created_at: float

    @property
    def schema_slot(self) -> str:
        return f"p{self.number:04d}"


class Projects:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, *, project_id: str, owner: str, name: str, anon_key: str, service_key: str, now: float
    ) -> Project:
        with self._database.transaction():
            self._database.run(
                "INSERT INTO projects (id, number, owner, name, anon_key, service_key, created_at)"
                " VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM projects), ?, ?, ?, ?, ?)",
                project_id,
                owner.lower(),
                name,
                anon_key,
                service_key,
                now,
            )
            rows = self._database.rows("SELECT * FROM projects WHERE id = ?", project_id)
        return _project(rows[0])

    def get(self, project_id: str) -> Project | None:
        return self._one("id = ?", project_id)

    def by_key(self, key: str) -> Project | None:
        """The project whose anon or service key this is."""
        return self._one("(anon_key = ? OR service_key = ?)", key, key)

    def _one(self, condition: str, *values: object) -> Project | None:
        row = self._database.row(f"SELECT * FROM projects WHERE deleted_at IS NULL AND {condition}", *values)  # noqa: S608 - own words
        return _project(row) if row else None

    def owned_by(self, owner: str) -> list[Project]:
        rows = self._database.rows(
            "SELECT * FROM projects WHERE deleted_at IS NULL AND owner = ? ORDER BY number", owner.lower()
        )
        return [_project(row) for row in rows]

    def all(self) -> list[Project]:
        rows = self._database.rows("SELECT * FROM projects WHERE deleted_at IS NULL ORDER BY number DESC")
        return [_project(row) for row in rows]

    def delete(self, project_id: str, *, now: float) -> None:
        with self._database.transaction():
            self._database.run("DELETE FROM subdomains WHERE project_id = ?", project_id)
            self._database.run("DELETE FROM secrets WHERE project_id = ?", project_id)
            self._database.run("DELETE FROM secret_values WHERE project_id = ?", project_id)
            self._database.run("DELETE FROM assets WHERE project_id = ?", project_id)
            self._database.run("DELETE FROM asset_versions WHERE project_id = ?", project_id)
            self._database.run("DELETE FROM functions WHERE project_id = ?", project_id)
            self._database.run("DELETE FROM function_logs WHERE project_id = ?", project_id)
            self._database.run("DELETE FROM project_blobs WHERE project_id = ?", project_id)
            self._database.run("UPDATE operations SET due_at = NULL WHERE project_id = ?", project_id)
            self._database.run("UPDATE projects SET deleted_at = ? WHERE id = ?", now, project_id)

    def point_at(self, project_id: str, release_id: str) -> int:
        """Make a release the live one; returns the new generation."""
        with self._database.transaction():
            self._database.run(
                "UPDATE projects SET active_release_id = ?, generation = generation + 1 WHERE id = ?",
                release_id,
                project_id,
            )
            return self._database.number("SELECT generation FROM projects WHERE id = ?", project_id)

    def count_calls(self, project_id: str, calls: int) -> None:
        self._database.run("UPDATE projects SET api_calls = api_calls + ? WHERE id = ?", calls, project_id)


def _project(row: sqlite3.Row) -> Project:
    return Project(**{name: row[name] for name in row.keys() if name != "deleted_at"})  # noqa: SIM118 - sqlite3.Row

"""The functions of a project as they can be called now, and what they wrote while they ran."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.release.state import Function
from sandbox.store.database import Database

KEPT_LINES = 2000


@dataclass(frozen=True)
class Deployed:
    """A function with the times of its first and its latest deploy."""

    function: Function
    created_at: float
    updated_at: float


@dataclass(frozen=True)
class LogLine:
    id: int
    request_id: str
    message: str
    at: float


class Functions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of_project(self, project_id: str) -> tuple[Function, ...]:
        return tuple(deployed.function for deployed in self.deployed(project_id))

    def deployed(self, project_id: str) -> list[Deployed]:
        rows = self._database.rows("SELECT * FROM functions WHERE project_id = ? ORDER BY name", project_id)
        return [
            Deployed(Function.from_json(json.loads(row["body"])), row["created_at"], row["updated_at"])
            for row in rows
        ]

    def get(self, project_id: str, name: str) -> Deployed | None:
        return next((one for one in self.deployed(project_id) if one.function.name == name), None)

    def put(self, project_id: str, function: Function, *, now: float) -> None:
        self._database.run(
            "INSERT INTO functions VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (project_id, name) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at",
            project_id,
            function.name,
            json.dumps(function.to_json()),
            now,
            now,
        )

    def remove(self, project_id: str, name: str) -> None:
        self._database.run("DELETE FROM functions WHERE project_id = ? AND name = ?", project_id, name)

    def replace(self, project_id: str, functions: Iterable[Function], *, now: float) -> None:
        """Make these the project's functions; unchanged ones keep their times."""
        known = {function.name: function for function in self.of_project(project_id)}
        wanted = {function.name: function for function in functions}
        for name in known.keys() - wanted.keys():
            self.remove(project_id, name)
        for name, function in wanted.items():
            if known.get(name) != function:
                self.put(project_id, function, now=now)

    def log(self, project_id: str, name: str, request_id: str, lines: Sequence[tuple[float, str]]) -> None:
        """Keep lines with their times; the oldest ones of the function go."""
        with self._database.transaction():
            for at, message in lines:
                self._database.run(
                    "INSERT INTO function_logs (project_id, name, request_id, message, at) VALUES (?, ?, ?, ?, ?)",
                    project_id,
                    name,
                    request_id,
                    message,
                    at,
                )
            self._database.run(
                "DELETE FROM function_logs WHERE project_id = ? AND name = ? AND id <= ("
                " SELECT id FROM function_logs WHERE project_id = ? AND name = ?"
                " ORDER BY id DESC LIMIT 1 OFFSET ?)",
                *(project_id, name) * 2,
                KEPT_LINES,
            )

    def logs(
        self, project_id: str, name: str, *, since: float, request_id: str | None, tail: int
    ) -> list[LogLine]:
        """The latest lines, oldest first. `since` in unix seconds."""
        rows = self._database.rows(
            "SELECT id, request_id, message, at FROM function_logs WHERE project_id = ? AND name = ? AND at >= ?"
            " AND (? IS NULL OR request_id = ?) ORDER BY id DESC LIMIT ?",
            project_id,
            name,
            since,
            request_id,
            request_id,
            tail,
        )
        return [LogLine(**dict(row)) for row in reversed(rows)]

"""Failures that somebody ordered, each good for a number of matching requests."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Set
from fnmatch import fnmatchcase
from typing import Any

from sandbox.store.database import Database


class Knobs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, *, method: str, path: str, kind: str, times: int, arguments: dict[str, Any]
    ) -> dict[str, Any]:
        """`method` and `path` may hold `*`. Returns the knob as it is listed."""
        with self._database.transaction():
            self._database.run(
                "INSERT INTO knobs (method, path, kind, remaining, arguments) VALUES (?, ?, ?, ?, ?)",
                method,
                path,
                kind,
                times,
                json.dumps(arguments),
            )
            return self.all()[-1]

    def all(self) -> list[dict[str, Any]]:
        return [_knob(row) for row in self._database.rows("SELECT * FROM knobs ORDER BY id")]

    def clear(self) -> None:
        self._database.run("DELETE FROM knobs")

    def take(self, method: str, path: str, kinds: Set[str]) -> dict[str, Any] | None:
        """Use up one turn of the first knob that fits; None when there is none."""
        with self._database.transaction():
            for knob in self.all():
                if (
                    knob["do"] in kinds
                    and fnmatchcase(method, knob["method"])
                    and fnmatchcase(path, knob["path"])
                ):
                    self._use(knob)
                    return knob
        return None

    def _use(self, knob: dict[str, Any]) -> None:
        self._database.run("UPDATE knobs SET remaining = remaining - 1 WHERE id = ?", knob["id"])
        self._database.run("DELETE FROM knobs WHERE remaining < 1")


def _knob(row: sqlite3.Row) -> dict[str, Any]:
    return {
        **json.loads(row["arguments"]),
        "id": row["id"],
        "method": row["method"],
        "path": row["path"],
        "do": row["kind"],
        "times": row["remaining"],
    }

"""Apply operations, their events, and which of them are due to move on."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from sandbox.store.database import Database


@dataclass(frozen=True)
class Operation:
    """`due_at` is real time, not the sandbox's clock: the machine must go on whatever the clock knob does."""

    number: int
    id: str
    project_id: str
    plan_id: str | None
    kind: str
    status: str
    base_release_id: str | None
    target_release_id: str | None
    release_id: str | None
    urls: dict[str, str] | None
    error: dict[str, Any] | None
    knobs: dict[str, Any]
    activate_attempts: int
    last_activate_attempt_at: float | None
    due_at: float | None
    created_at: float
    updated_at: float


class Operations:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        *,
        operation_id: str,
        project_id: str,
        plan_id: str | None,
        kind: str,
        base: str | None,
        now: float,
    ) -> None:
        self._database.run(
            "INSERT INTO operations (id, project_id, plan_id, kind, status, base_release_id, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, 'planning', ?, ?, ?)",
            operation_id,
            project_id,
            plan_id,
            kind,
            base,
            now,
            now,
        )

    def get(self, operation_id: str) -> Operation | None:
        row = self._database.row("SELECT * FROM operations WHERE id = ?", operation_id)
        return _operation(row) if row else None

    def page(self, project_id: str, *, below: int | None, limit: int) -> list[Operation]:
        """Newest first; `below` is the number of the last one already seen."""
        rows = self._database.rows(
            "SELECT * FROM operations WHERE project_id = ? AND (? IS NULL OR number < ?)"
            " ORDER BY number DESC LIMIT ?",
            project_id,
            below,
            below,
            limit,
        )
        return [_operation(row) for row in rows]

    def move(
        self, operation_id: str, *, seen: str, status: str, now: float, due_at: float | None = None
    ) -> bool:
        """Go from the status that was seen to the next one; False when another one was faster."""
        changed = self._database.run(
            "UPDATE operations SET status = ?, due_at = ?, updated_at = ? WHERE id = ? AND status = ?",
            status,
            due_at,
            now,
            operation_id,
            seen,
        )
        return changed == 1

    def order(self, operation_id: str, knobs: dict[str, Any]) -> None:
        """Write down which failures the machine has to play."""
        self._database.run("UPDATE operations SET knobs = ? WHERE id = ?", json.dumps(knobs), operation_id)

    def charge(self, plan_id: str, knob: dict[str, Any]) -> None:
        """Put a price on the commit of a plan."""
        text = "UPDATE operations SET knobs = ? WHERE plan_id = ? AND status IN ('planning', 'uploading')"
        self._database.run(text, json.dumps({"charge": knob}), plan_id)

    def aim(self, operation_id: str, release_id: str) -> None:
        """Name the release that the operation is about to activate."""
        self._database.run(
            "UPDATE operations SET target_release_id = ? WHERE id = ?", release_id, operation_id
        )

    def succeed(self, operation_id: str, release_id: str, urls: dict[str, str]) -> None:
        self._database.run(
            "UPDATE operations SET release_id = ?, urls = ?, error = NULL WHERE id = ?",
            release_id,
            json.dumps(urls),
            operation_id,
        )

    def stumble(self, operation_id: str, error: dict[str, Any]) -> None:
        """Keep the error, and forget the knobs that were played."""
        self._database.run(
            "UPDATE operations SET error = ?, knobs = '{}' WHERE id = ?", json.dumps(error), operation_id
        )

    def count_attempt(self, operation_id: str, now: float) -> None:
        self._database.run(
            "UPDATE operations SET activate_attempts = activate_attempts + 1, last_activate_attempt_at = ?"
            " WHERE id = ?",
            now,
            operation_id,
        )

    def uploading(self, project_id: str, *, now: float) -> None:
        """Plans of this project that were waiting are now being fed with bytes."""
        self._database.run(
            "UPDATE operations SET status = 'uploading', updated_at = ? WHERE project_id = ? AND status = 'planning'",
            now,
            project_id,
        )

    def is_migrating(self, project_id: str) -> bool:
        """Whether a deploy is changing the project's schema right now."""
        text = "SELECT count(*) FROM operations WHERE project_id = ? AND status IN ('gating', 'migrating')"
        return self._database.number(text, project_id) > 0

    def due(self, moment: float) -> list[Operation]:
        rows = self._database.rows("SELECT * FROM operations WHERE due_at <= ? ORDER BY due_at", moment)
        return [_operation(row) for row in rows]

    def next_due(self) -> float | None:
        row = self._database.row("SELECT min(due_at) AS at FROM operations")
        return row["at"] if row else None

    def add_event(self, operation_id: str, body: dict[str, Any], *, now: float) -> None:
        self._database.run(
            "INSERT INTO events (operation_id, body, created_at) VALUES (?, ?, ?)",
            operation_id,
            json.dumps(body),
            now,
        )

    def events(self, operation_id: str, *, after: int, limit: int) -> list[tuple[int, dict[str, Any], float]]:
        """Number, body and time of each event, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM events WHERE operation_id = ? AND id > ? ORDER BY id LIMIT ?",
            operation_id,
            after,
            limit,
        )
        return [(row["id"], json.loads(row["body"]), row["created_at"]) for row in rows]


def _operation(row: sqlite3.Row) -> Operation:
    parsed = {name: json.loads(row[name]) if row[name] else None for name in ("urls", "error")}
    return Operation(**{**dict(row), **parsed, "knobs": json.loads(row["knobs"])})

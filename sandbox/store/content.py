"""Upload sessions: which bytes a project announced, in which parts, and what has arrived (apply 2.7)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.store.database import Database


@dataclass(frozen=True)
class ContentPlan:
    id: str
    project_id: str
    expires_at: float
    committed_at: float | None


@dataclass(frozen=True)
class Part:
    """`byte_end` is inclusive, and -1 for an empty object; `size` is that of the whole object."""

    plan_id: str
    sha256: str
    part_number: int
    size: int
    byte_start: int
    byte_end: int
    received_sha256: str | None = None

    @property
    def length(self) -> int:
        return self.byte_end - self.byte_start + 1


class Content:
    def __init__(self, database: Database) -> None:
        self._database = database

    def size(self, project_id: str, sha256: str) -> int | None:
        """The size of bytes this project may refer to; None when it never uploaded them."""
        row = self._database.row(
            "SELECT size FROM project_blobs WHERE project_id = ? AND sha256 = ?", project_id, sha256
        )
        return row["size"] if row else None

    def link(self, project_id: str, sha256: str, size: int) -> None:
        self._database.run("INSERT OR IGNORE INTO project_blobs VALUES (?, ?, ?)", project_id, sha256, size)

    def stored_bytes(self, project_id: str) -> int:
        return self._database.number("SELECT sum(size) FROM project_blobs WHERE project_id = ?", project_id)

    def create(self, plan: ContentPlan, parts: Iterable[Part]) -> None:
        with self._database.transaction():
            self._database.run(
                "INSERT INTO content_plans VALUES (?, ?, ?, NULL)", plan.id, plan.project_id, plan.expires_at
            )
            for part in parts:
                self._database.run(
                    "INSERT INTO content_parts VALUES (?, ?, ?, ?, ?, ?, NULL)",
                    part.plan_id,
                    part.sha256,
                    part.part_number,
                    part.size,
                    part.byte_start,
                    part.byte_end,
                )

    def plan(self, plan_id: str) -> ContentPlan | None:
        row = self._database.row("SELECT * FROM content_plans WHERE id = ?", plan_id)
        return ContentPlan(**dict(row)) if row else None

    def part(self, plan_id: str, sha256: str, part_number: int) -> Part | None:
        row = self._database.row(
            "SELECT * FROM content_parts WHERE plan_id = ? AND sha256 = ? AND part_number = ?",
            plan_id,
            sha256,
            part_number,
        )
        return _part(row) if row else None

    def parts(self, plan_id: str) -> list[Part]:
        rows = self._database.rows(
            "SELECT * FROM content_parts WHERE plan_id = ? ORDER BY sha256, part_number", plan_id
        )
        return [_part(row) for row in rows]

    def receive(self, part: Part, sha256: str) -> None:
        self._database.run(
            "UPDATE content_parts SET received_sha256 = ? WHERE plan_id = ? AND sha256 = ? AND part_number = ?",
            sha256,
            part.plan_id,
            part.sha256,
            part.part_number,
        )

    def commit(self, plan_id: str, *, now: float) -> None:
        self._database.run("UPDATE content_plans SET committed_at = ? WHERE id = ?", now, plan_id)


def _part(row: sqlite3.Row) -> Part:
    return Part(**dict(row))

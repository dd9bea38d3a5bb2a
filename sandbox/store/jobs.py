"""Runs of jobs, by project. Costs and caps are in micros, times unix seconds by the sandbox's own clock."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from sandbox.store.database import Database

OPEN = ("queued", "running")


@dataclass(frozen=True)
class Job:
    """A run. `starts_at` and `ends_at` are what is planned until it has ended; `knob` is what somebody ordered."""

    id: str
    project_id: str
    owner: str
    job_type: str
    input: dict[str, Any]
    most_micros: int
    knob: dict[str, Any]
    status: str
    cost_micros: int | None
    created_at: float
    starts_at: float
    ends_at: float

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class Jobs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, job: Job) -> None:
        self._database.run(
            "INSERT INTO jobs SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM jobs",
            job.id,
            job.project_id,
            job.owner,
            job.job_type,
            json.dumps(job.input),
            job.most_micros,
            json.dumps(job.knob),
            job.status,
            job.cost_micros,
            job.created_at,
            job.starts_at,
            job.ends_at,
        )

    def get(self, project_id: str, job_id: str) -> Job | None:
        row = self._database.row("SELECT * FROM jobs WHERE id = ? AND project_id = ?", job_id, project_id)
        return _job(row) if row else None

    def of_project(self, project_id: str) -> list[Job]:
        rows = self._database.rows("SELECT * FROM jobs WHERE project_id = ? ORDER BY number", project_id)
        return [_job(row) for row in rows]

    def open_of(self, owner: str) -> list[Job]:
        """Whatever goes on for a wallet, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM jobs WHERE owner = ? AND status IN ('queued', 'running') ORDER BY number",
            owner.lower(),
        )
        return [_job(row) for row in rows]

    def all(self) -> list[Job]:
        return [_job(row) for row in self._database.rows("SELECT * FROM jobs ORDER BY number")]

    def move(self, job: Job) -> None:
        """Write what time, or a cancellation, made of it."""
        self._database.run(
            "UPDATE jobs SET status = ?, cost_micros = ?, starts_at = ?, ends_at = ? WHERE id = ?",
            job.status,
            job.cost_micros,
            job.starts_at,
            job.ends_at,
            job.id,
        )

    def remove(self, project_id: str) -> None:
        self._database.run("DELETE FROM jobs WHERE project_id = ?", project_id)


def _job(row: sqlite3.Row) -> Job:
    facts = {name: row[name] for name in row.keys() if name != "number"}  # noqa: SIM118 - a Row iterates its values
    return Job(**{**facts, "input": json.loads(row["input"]), "knob": json.loads(row["knob"])})

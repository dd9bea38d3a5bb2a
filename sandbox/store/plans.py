"""Stored plans: what would become live, against which base, and the answer that was given."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from sandbox.store.database import Database


@dataclass(frozen=True)
class Plan:
    """`target` is the materialised state; `answer` the PlanResponse as sent."""

    id: str
    operation_id: str
    project_id: str
    base_release_id: str | None
    spec_digest: str
    idempotency_key: str | None
    target: dict[str, Any]
    answer: dict[str, Any]
    created_at: float
    expires_at: float


class Plans:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, plan: Plan) -> None:
        self._database.run(
            "INSERT INTO plans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            plan.id,
            plan.operation_id,
            plan.project_id,
            plan.base_release_id,
            plan.spec_digest,
            plan.idempotency_key,
            json.dumps(plan.target),
            json.dumps(plan.answer),
            plan.created_at,
            plan.expires_at,
        )

    def get(self, plan_id: str) -> Plan | None:
        row = self._database.row("SELECT * FROM plans WHERE id = ?", plan_id)
        return _plan(row) if row else None

    def repeated(self, project_id: str, base: str | None, spec_digest: str, key: str) -> Plan | None:
        """The plan that the same key made for the same spec over the same base (apply 2.5)."""
        row = self._database.row(
            "SELECT * FROM plans WHERE project_id = ? AND base_release_id IS ? AND spec_digest = ?"
            " AND idempotency_key = ? ORDER BY created_at DESC",
            project_id,
            base,
            spec_digest,
            key,
        )
        return _plan(row) if row else None


def _plan(row: sqlite3.Row) -> Plan:
    return Plan(**{**dict(row), "target": json.loads(row["target"]), "answer": json.loads(row["answer"])})

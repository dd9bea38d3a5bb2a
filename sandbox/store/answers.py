"""Answers kept under an Idempotency-Key, so that the same request gets the same answer again (identity 1.8)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sandbox.store.database import Database


@dataclass(frozen=True)
class SavedAnswer:
    """`scope` is method and path, `principal` whoever asked, `fingerprint` the digest of what was asked."""

    scope: str
    principal: str
    key: str
    fingerprint: str
    status: int
    headers: dict[str, str]
    body: bytes
    created_at: float


class Answers:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, scope: str, principal: str, key: str) -> SavedAnswer | None:
        row = self._database.row(
            "SELECT * FROM answers WHERE scope = ? AND principal = ? AND key = ?", scope, principal, key
        )
        return SavedAnswer(**{**dict(row), "headers": json.loads(row["headers"])}) if row else None

    def save(self, saved: SavedAnswer) -> None:
        self._database.run(
            "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            saved.scope,
            saved.principal,
            saved.key,
            saved.fingerprint,
            saved.status,
            json.dumps(saved.headers),
            saved.body,
            saved.created_at,
        )

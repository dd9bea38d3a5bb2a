"""The account of a wallet: its tier, its lease and its prepaid balance. Addresses are kept in lower case."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sandbox.store.database import Database


@dataclass(frozen=True)
class Account:
    address: str
    tier: str | None = None
    lease_started_at: float | None = None
    lease_expires_at: float | None = None
    credit_micros: int = 0


class Accounts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, address: str) -> Account:
        """The account; one that never bought anything is empty, not missing."""
        row = self._database.row("SELECT * FROM accounts WHERE address = ?", address.lower())
        return _account(row) if row else Account(address.lower())

    def save(self, account: Account) -> None:
        self._database.run(
            "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?)",
            account.address,
            account.tier,
            account.lease_started_at,
            account.lease_expires_at,
            account.credit_micros,
        )


def _account(row: sqlite3.Row) -> Account:
    return Account(
        row["address"], row["tier"], row["lease_started_at"], row["lease_expires_at"], row["credit_micros"]
    )

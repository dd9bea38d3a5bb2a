"""The account of a wallet: its tier, its lease and its prepaid balance. Addresses are kept in lower case."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sandbox.ids import new_id
from sandbox.store.database import Database


@dataclass(frozen=True)
class Account:
    address: str
    tier: str | None = None
    lease_started_at: float | None = None
    lease_expires_at: float | None = None
    credit_micros: int = 0


@dataclass(frozen=True)
class Entry:
    """A line of the account's ledger. `balance_after` is the prepaid balance then, in micros."""

    id: str
    number: int
    address: str
    direction: str
    kind: str
    micros: int
    balance_after: int
    reference: str
    created_at: float


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

    def enter(self, before: Account, after: Account, *, kind: str, reference: str, now: float) -> None:
        """Write down what changed the prepaid balance between two states of an account, if anything did."""
        change = after.credit_micros - before.credit_micros
        if change:
            self._database.run(
                "INSERT INTO entries SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ?, ? FROM entries",
                new_id("ent"),
                after.address,
                "credit" if change > 0 else "debit",
                kind,
                abs(change),
                after.credit_micros,
                reference,
                now,
            )

    def entries(self, address: str, *, limit: int, before: int | None = None) -> list[Entry]:
        """The newest entries, from the one with the number `before` back."""
        rows = self._database.rows(
            "SELECT * FROM entries WHERE address = ? AND number < ? ORDER BY number DESC LIMIT ?",
            address.lower(),
            before if before is not None else 2**62,
            limit,
        )
        return [Entry(**dict(row)) for row in rows]


def _account(row: sqlite3.Row) -> Account:
    return Account(
        row["address"], row["tier"], row["lease_started_at"], row["lease_expires_at"], row["credit_micros"]
    )

"""The test network's USDC: balances, transfers, and which authorizations were used. Micros throughout."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sandbox.store.database import Database


class InsufficientFunds(Exception):
    """The sender holds less than the transfer moves; nothing moved."""


@dataclass(frozen=True)
class Transfer:
    transaction_hash: str
    kind: str
    sender: str
    recipient: str
    micros: int
    created_at: float


@dataclass(frozen=True)
class Authorization:
    """A used EIP-3009 nonce, and the request it paid for."""

    payer: str
    nonce: str
    header_sha256: str
    scope: str
    idempotency_key: str | None
    transaction_hash: str


class Ledger:
    def __init__(self, database: Database) -> None:
        self._database = database

    def balance(self, address: str) -> int:
        return self._database.number("SELECT micros FROM balances WHERE address = ?", address.lower())

    def mint(self, transfer: Transfer) -> None:
        """Give test USDC out of nothing, as the faucet does."""
        with self._database.transaction():
            self._add(transfer.recipient, transfer.micros)
            self._record(transfer)

    def move(self, transfer: Transfer) -> None:
        """Raises InsufficientFunds."""
        with self._database.transaction():
            changed = self._database.run(
                "UPDATE balances SET micros = micros - ? WHERE address = ? AND micros >= ?",
                transfer.micros,
                transfer.sender.lower(),
                transfer.micros,
            )
            if changed != 1:
                raise InsufficientFunds
            self._add(transfer.recipient, transfer.micros)
            self._record(transfer)

    def _add(self, address: str, micros: int) -> None:
        self._database.run(
            "INSERT INTO balances VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET micros = micros + excluded.micros",
            address.lower(),
            micros,
        )

    def _record(self, transfer: Transfer) -> None:
        self._database.run(
            "INSERT INTO transfers (transaction_hash, kind, sender, recipient, micros, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            transfer.transaction_hash,
            transfer.kind,
            transfer.sender.lower(),
            transfer.recipient.lower(),
            transfer.micros,
            transfer.created_at,
        )

    def last_drip(self, address: str) -> float | None:
        row = self._database.row(
            "SELECT max(created_at) AS at FROM transfers WHERE kind = 'faucet' AND recipient = ?",
            address.lower(),
        )
        return row["at"] if row else None

    def authorization(self, payer: str, nonce: str) -> Authorization | None:
        row = self._database.row(
            "SELECT * FROM authorizations WHERE payer = ? AND nonce = ?", payer.lower(), nonce.lower()
        )
        return Authorization(**dict(row)) if row else None

    def use(self, authorization: Authorization) -> None:
        self._database.run(
            "INSERT INTO authorizations VALUES (?, ?, ?, ?, ?, ?)",
            authorization.payer.lower(),
            authorization.nonce.lower(),
            authorization.header_sha256,
            authorization.scope,
            authorization.idempotency_key,
            authorization.transaction_hash,
        )

    def sent_by(self, address: str, start: float, end: float) -> list[tuple[Transfer, str | None]]:
        """What left an address between two moments, oldest first, each with the nonce that was used for it."""
        rows = self._database.rows(
            "SELECT transfers.*, authorizations.nonce FROM transfers"
            " LEFT JOIN authorizations USING (transaction_hash)"
            " WHERE sender = ? AND created_at >= ? AND created_at < ? ORDER BY id",
            address.lower(),
            start,
            end,
        )
        return [(_transfer(row), row["nonce"]) for row in rows]

    def recent(self, limit: int) -> list[Transfer]:
        return [
            _transfer(row)
            for row in self._database.rows("SELECT * FROM transfers ORDER BY id DESC LIMIT ?", limit)
        ]

    def holders(self) -> list[tuple[str, int]]:
        rows = self._database.rows("SELECT address, micros FROM balances ORDER BY micros DESC, address")
        return [(row["address"], row["micros"]) for row in rows]


def _transfer(row: sqlite3.Row) -> Transfer:
    names = ("transaction_hash", "kind", "sender", "recipient", "micros", "created_at")
    return Transfer(*(row[name] for name in names))

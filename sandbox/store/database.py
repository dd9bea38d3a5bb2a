"""One SQLite connection behind one lock: the sandbox is a single process, so this is the simplest safe form."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path


class KeepWork(Exception):
    """Raised to leave a transaction early without undoing it, as a gateway does that dies after its commit."""


class Database:
    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        schema = files("sandbox.store").joinpath("schema.sql").read_text()
        self._connection.executescript(f"BEGIN;{schema}COMMIT;")
        path.chmod(0o600)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. A transaction inside another one joins it."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except KeepWork:
                self._connection.execute("COMMIT")
                raise
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    def number(self, sql: str, *values: object) -> int:
        """The first column of the first row, as an integer; nothing counts as zero."""
        found = self.row(sql, *values)
        return int(found[0] or 0) if found else 0

    def run(self, sql: str, *values: object) -> int:
        """Execute one statement; returns how many rows it changed."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    def secret(self, name: str) -> bytes:
        """A random key that this folder keeps, made on first use."""
        with self.transaction():
            self.run("INSERT OR IGNORE INTO meta VALUES (?, ?)", name, secrets.token_hex(32))
            found = self.rows("SELECT value FROM meta WHERE key = ?", name)
        return bytes.fromhex(found[0]["value"])

    def close(self) -> None:
        with self._lock:
            self._connection.close()

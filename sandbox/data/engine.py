"""One project's database: a SQLite file that takes PostgreSQL's dialect."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.data.catalog import Catalog
from sandbox.data.errors import SqlError, Unsupported, no_column, no_relation
from sandbox.data.functions import Caller, Session, install

MOST_SECONDS = 10.0
_STEPS = 20_000
_TABLES = """
CREATE TABLE IF NOT EXISTS run402_migrations (
  id TEXT PRIMARY KEY, checksum TEXT NOT NULL, operation_id TEXT, applied_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS run402_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

sqlite3.register_converter("BOOLEAN", lambda raw: raw not in (b"0", b""))
sqlite3.register_converter("JSON", json.loads)
sqlite3.register_converter("JSONB", json.loads)


@dataclass(frozen=True)
class Result:
    """`count` is how many rows were answered or changed; `columns` the names of what was answered."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    columns: tuple[str, ...] = ()


class ProjectDatabase:
    """Whoever holds its transaction must not ask the sandbox's store: the store's lock comes first."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES
        )
        path.chmod(0o600)
        self._session = Session()
        install(self._connection, self._session)
        self._deadline = 0.0
        self._connection.set_progress_handler(self._is_late, _STEPS)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "case_sensitive_like = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_TABLES)
        self.catalog = Catalog(self._connection)

    def _is_late(self) -> int:
        return int(0 < self._deadline < time.monotonic())

    @contextmanager
    def transaction(self, caller: Caller | None = None, *, schema: bool = False) -> Iterator[None]:
        """All or nothing, as `caller`. With `schema`, foreign keys are checked at the end and not on the way."""
        with self._lock:
            self._session.caller = caller or Caller()
            self._session.now = datetime.now(UTC)
            self._connection.execute(f"PRAGMA foreign_keys = {'OFF' if schema else 'ON'}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._check_references(schema)
            except BaseException:
                if self._connection.in_transaction:  # a statement that was stopped has undone it already
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _check_references(self, schema: bool) -> None:
        broken = self._connection.execute("PRAGMA foreign_key_check").fetchone() if schema else None
        if broken:
            raise SqlError(
                "23503", f'insert or update on table "{broken[0]}" violates foreign key constraint'
            )

    def run(
        self, sql: str, values: Mapping[str, Any] | Sequence[Any] = (), kinds: dict[int, str] | None = None
    ) -> Result:
        """One SQLite statement inside the caller's transaction. Raises SqlError."""
        self._session.error = None
        self._deadline = time.monotonic() + MOST_SECONDS
        try:
            cursor = self._connection.execute(sql, values)
            fetched = cursor.fetchall()
        except sqlite3.Error as error:
            raise self._session.error or translated(error) from error
        finally:
            self._deadline = 0.0
        if cursor.description is None:
            return Result(count=max(cursor.rowcount, 0))
        names = tuple(column[0] for column in cursor.description)
        rows = [dict(zip(names, _typed(row, kinds or {}), strict=True)) for row in fetched]
        return Result(rows, len(rows), names)

    def execute(self, sql: str, params: Sequence[Any] = (), caller: Caller | None = None) -> Result:
        """PostgreSQL text of one or more statements, all or nothing; answers what the last one answered.

        Raises SqlError, Unsupported or Blocked.
        """
        from sandbox.data import script  # loads sqlglot, so only when it is needed

        trees = script.read(sql)
        with self.transaction(caller, schema=script.changes_schema(trees)):
            results = [script.run(self, tree, params) for tree in trees]
        return results[-1] if results else Result()

    @property
    def connection(self) -> sqlite3.Connection:
        """For the schema's own statements, inside a transaction."""
        return self._connection

    def setting(self, name: str) -> Any:
        """A JSON value that the project keeps beside its tables; None when there is none."""
        with self._lock:
            row = self._connection.execute(
                "SELECT value FROM run402_settings WHERE name = ?", (name,)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def keep_setting(self, name: str, value: Any) -> None:
        with self._lock:
            text = json.dumps(value)
            self._connection.execute("INSERT OR REPLACE INTO run402_settings VALUES (?, ?)", (name, text))

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _typed(row: Sequence[Any], kinds: dict[int, str]) -> list[Any]:
    values = list(row)
    for position, kind in kinds.items():
        value = values[position]
        if kind == "boolean" and value in (0, 1):
            values[position] = bool(value)
        elif kind != "boolean" and isinstance(value, str):
            values[position] = json.loads(value)
    return values


def translated(error: sqlite3.Error) -> SqlError:
    """SQLite's complaint as PostgreSQL would word it."""
    text = str(error)
    kind, _, rest = text.partition(": ")
    if kind == "UNIQUE constraint failed" and rest.startswith("index "):
        name = rest.removeprefix("index ").strip("'")
        return SqlError("23505", f'duplicate key value violates unique constraint "{name}"')
    if kind == "UNIQUE constraint failed":
        table, names = _columns(rest)
        name = f"{table}_{'_'.join(names)}_key"
        details = f"Key ({', '.join(names)}) already exists."
        return SqlError("23505", f'duplicate key value violates unique constraint "{name}"', details=details)
    if kind == "NOT NULL constraint failed":
        table, names = _columns(rest)
        text = f'null value in column "{names[0]}" of relation "{table}" violates not-null constraint'
        return SqlError("23502", text)
    if kind == "CHECK constraint failed":
        return SqlError("23514", f'new row violates check constraint "{rest}"')
    if text.startswith("FOREIGN KEY constraint failed"):
        return SqlError("23503", "insert, update or delete violates a foreign key constraint")
    if text == "interrupted":
        return SqlError("57014", "canceling statement due to statement timeout")
    return _named(text)


def _columns(rest: str) -> tuple[str, list[str]]:
    pairs = [name.strip().partition(".") for name in rest.split(",")]
    return pairs[0][0], [pair[2] for pair in pairs]


def _named(text: str) -> SqlError:
    found = re.match(r"no such (table|column|function|index|view): (?:main\.)?(.+)", text)
    if found and found[1] == "table":
        return no_relation(found[2])
    if found and found[1] == "column":
        return no_column(found[2])
    if found and found[1] == "function":
        return SqlError("42883", f"function {found[2].lower()} does not exist")
    if found:
        return SqlError("42704", f'{found[1]} "{found[2]}" does not exist')
    if "already exists" in text:
        return SqlError("42P07", text)
    return SqlError("42601", text)


__all__ = ["Caller", "ProjectDatabase", "Result", "SqlError", "Unsupported", "translated"]

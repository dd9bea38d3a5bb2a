"""Make a table anew in another form, with its rows, indexes and counter: SQLite changes little of a table in place."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from sandbox.data.catalog import Table, listing, quote


def rebuild(connection: sqlite3.Connection, old: Table, new: Table, sources: Mapping[str, str]) -> None:
    """`sources` are SQL values for columns that are not just copied. Foreign keys must not be enforced meanwhile."""
    indexes, counted = _indexes(connection, old.name), _counted(connection, old)
    copy = f"run402_new_{new.name}"
    connection.execute(new.create_sql(copy))
    kept = tuple(column.name for column in new.columns if old.find(column.name))
    if kept:
        values = ", ".join(sources.get(name, quote(name)) for name in kept)
        head = f"INSERT INTO {quote(copy)} ({listing(kept)})"
        connection.execute(f"{head} SELECT {values} FROM {quote(old.name)}")  # noqa: S608 - quoted names
    connection.execute(f"DROP TABLE {quote(old.name)}")
    connection.execute(f"ALTER TABLE {quote(copy)} RENAME TO {quote(new.name)}")
    _count_on(connection, new.name, counted)
    gone = set(old.names) - set(new.names)
    for sql in indexes:
        if not any(f"`{name}`" in sql for name in gone):
            connection.execute(sql)


def _indexes(connection: sqlite3.Connection, table: str) -> Sequence[str]:
    text = "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    return [row[0] for row in connection.execute(text, (table,)).fetchall()]


def _counted(connection: sqlite3.Connection, table: Table) -> int | None:
    """The last number that a serial column gave, which may be of a row that is gone."""
    if not any(column.identity for column in table.columns):
        return None
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
    return row[0] if row else None


def _count_on(connection: sqlite3.Connection, table: str, counted: int | None) -> None:
    if counted is None:
        return
    connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, counted))

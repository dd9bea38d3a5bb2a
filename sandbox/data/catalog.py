"""What tables look like in PostgreSQL's terms, kept beside their rows, and how SQLite is told to make them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.data.errors import no_column
from sandbox.data.kinds import Type, parse_type

PRIMARY = "PRIMARY KEY"


def quote(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def listing(names: tuple[str, ...]) -> str:
    return ", ".join(map(quote, names))


@dataclass(frozen=True)
class Column:
    """`default` is PostgreSQL's text, `default_sql` the same for SQLite. `identity`: 'default', 'always' or ''."""

    name: str
    type_text: str
    nullable: bool = True
    default: str | None = None
    default_sql: str | None = None
    identity: str = ""

    @property
    def type(self) -> Type:
        return parse_type(self.type_text)


@dataclass(frozen=True)
class Constraint:
    """`definition` is PostgreSQL's text, `sql` the same for SQLite, `columns` those it is about."""

    name: str
    kind: str
    columns: tuple[str, ...]
    definition: str
    sql: str


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...] = ()

    def column(self, name: str) -> Column:
        """Raises SqlError for a column the table does not have."""
        found = self.find(name)
        if found is None:
            raise no_column(name)
        return found

    def find(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def primary_key(self) -> tuple[str, ...]:
        keys = [constraint.columns for constraint in self.constraints if constraint.kind == PRIMARY]
        return keys[0] if keys else ()

    def create_sql(self, name: str | None = None) -> str:
        """SQLite's CREATE TABLE, under another name where one is given."""
        inline = [column for column in self.columns if column.identity]
        parts = [_column_sql(column) for column in self.columns]
        parts += [
            f"CONSTRAINT {quote(constraint.name)} {constraint.sql}"
            for constraint in self.constraints
            if not (constraint.kind == PRIMARY and inline)
        ]
        return f"CREATE TABLE {quote(name or self.name)} ({', '.join(parts)})"


def _column_sql(column: Column) -> str:
    if column.identity:
        return f"{quote(column.name)} INTEGER PRIMARY KEY AUTOINCREMENT"
    needed = "" if column.nullable else " NOT NULL"
    default = f" DEFAULT ({column.default_sql})" if column.default_sql else ""
    return f"{quote(column.name)} {column.type.declared}{needed}{default}"


class Catalog:
    """The tables of one project. Everything is read from and written to the connection's own table."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(
            "CREATE TABLE IF NOT EXISTS run402_tables (name TEXT PRIMARY KEY, model TEXT NOT NULL)"
        )

    def __iter__(self) -> Iterator[Table]:
        rows = self._connection.execute("SELECT model FROM run402_tables ORDER BY name").fetchall()
        return (_table(json.loads(row[0])) for row in rows)

    def find(self, name: str) -> Table | None:
        row = self._connection.execute("SELECT model FROM run402_tables WHERE name = ?", (name,)).fetchone()
        return _table(json.loads(row[0])) if row else None

    def has_view(self, name: str) -> bool:
        text = "SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = ?"
        return self._connection.execute(text, (name,)).fetchone() is not None

    def save(self, table: Table) -> None:
        model = json.dumps(asdict(table))
        self._connection.execute("INSERT OR REPLACE INTO run402_tables VALUES (?, ?)", (table.name, model))

    def forget(self, name: str) -> None:
        self._connection.execute("DELETE FROM run402_tables WHERE name = ?", (name,))


def _table(model: dict[str, Any]) -> Table:
    return Table(
        model["name"],
        tuple(Column(**column) for column in model["columns"]),
        tuple(Constraint(**{**c, "columns": tuple(c["columns"])}) for c in model["constraints"]),
    )

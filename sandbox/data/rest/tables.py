"""Read, insert, change and delete rows of one relation, as a caller (apply 1.6)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.data.catalog import listing, quote
from sandbox.data.engine import ProjectDatabase, Result
from sandbox.data.errors import SqlError
from sandbox.data.functions import Caller
from sandbox.data.rest.filters import Conditions
from sandbox.data.rest.shape import Slice, read_order, read_select, read_slice
from sandbox.data.rows import READ, Relation, relation, violated

_RESERVED = {"select", "order", "limit", "offset", "columns", "on_conflict", "apikey"}


@dataclass(frozen=True)
class Ask:
    """A request for rows. `filters` in the order of the address, `prefer` the preferences by name."""

    table: str
    caller: Caller
    parameters: Mapping[str, str]
    filters: Sequence[tuple[str, str]]
    prefer: Mapping[str, str] = field(default_factory=dict)
    range_header: str | None = None


@dataclass(frozen=True)
class Answer:
    """`total` is set where the request asked for a count."""

    rows: list[dict[str, Any]]
    slice: Slice = field(default_factory=Slice)
    total: int | None = None


def filters_of(items: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in items if name not in _RESERVED]


def read(database: ProjectDatabase, ask: Ask) -> Answer:
    """Raises SqlError or Unsupported."""
    with database.transaction(ask.caller):
        found = relation(database, ask.table, ask.caller, READ)
        conditions = _conditions(found, ask)
        shown = read_select(found, ask.parameters.get("select"))
        part = read_slice(ask.parameters, ask.range_header)
        source = f"FROM {quote(found.table.name)} WHERE {conditions.sql}"
        order = read_order(found, ask.parameters.get("order"))
        text = f"SELECT {shown.sql} {source}{shown.groups}{order}{part.sql}"
        result = database.run(text, conditions.values, shown.kinds)
        total = _total(database, source, conditions) if "count" in ask.prefer else None
    if total is not None and part.offset and part.offset >= total:
        details = f"An offset of {part.offset} was requested, but there are only {total} rows."
        raise SqlError("PGRST103", "Requested range not satisfiable", details=details)
    return Answer(result.rows, part, total)


def _total(database: ProjectDatabase, source: str, conditions: Conditions) -> int:
    rows = database.run(f"SELECT count(*) AS count {source}", conditions.values).rows
    return int(rows[0]["count"])


def _conditions(found: Relation, ask: Ask) -> Conditions:
    conditions = Conditions(found)
    for name, text in ask.filters:
        conditions.add(name, text)
    return conditions


def insert(database: ProjectDatabase, ask: Ask, rows: list[dict[str, Any]]) -> Answer:
    """One or many rows; with `resolution` in `prefer`, rows that exist are merged or left. Raises SqlError."""
    with database.transaction(ask.caller):
        found = relation(database, ask.table, ask.caller, "insert")
        shown = read_select(found, ask.parameters.get("select"))
        made: list[dict[str, Any]] = []
        for row in rows:
            result = database.run(*_insert_sql(found, ask, row, shown.sql), shown.kinds)
            if not result.rows and ask.prefer.get("resolution") == "merge-duplicates":
                raise violated(found.name)
            made += result.rows
    return Answer(made, total=len(made) if "count" in ask.prefer else None)


def _insert_sql(found: Relation, ask: Ask, row: dict[str, Any], shown: str) -> tuple[str, dict[str, Any]]:
    stored = _stored(found, _owned(found, ask.caller, row))
    target = quote(found.table.name)
    if not stored:
        return f"INSERT INTO {target} DEFAULT VALUES RETURNING {shown}", {}  # noqa: S608 - checked names
    values: dict[str, Any] = {**found.values, **{f"v{n}": value for n, value in enumerate(stored.values())}}
    places = ", ".join(f":v{number}" for number in range(len(stored)))
    head = f"INSERT INTO {target} ({listing(tuple(stored))}) VALUES ({places})"  # noqa: S608 - checked names
    return f"{head}{_conflict(found, ask, tuple(stored))} RETURNING {shown}", values


def _owned(found: Relation, caller: Caller, row: dict[str, Any]) -> dict[str, Any]:
    """The row with its owner filled where the policy says so. Raises SqlError for somebody else's row."""
    if found.owner is None:
        return row
    filled = dict(row)
    if found.fills_owner and filled.get(found.owner) is None:
        filled[found.owner] = caller.uid
    if str(filled.get(found.owner, "")).lower() != str(caller.uid).lower():
        raise violated(found.name)
    return filled


def _stored(found: Relation, row: dict[str, Any]) -> dict[str, Any]:
    """Values as the columns keep them. Raises SqlError for unknown columns and unfitting values."""
    stored: dict[str, Any] = {}
    for name, value in row.items():
        column = found.table.find(name)
        if column is None:
            text = f"Could not find the '{name}' column of '{found.name}' in the schema cache"
            raise SqlError("PGRST204", text)
        if column.identity == "always":
            raise SqlError("428C9", f'cannot insert a non-DEFAULT value into column "{name}"')
        kind = column.type
        is_text = isinstance(value, str)
        stored[name] = kind.store(_dumped(value) if kind.is_json and is_text else value)
    return stored


def _dumped(value: str) -> str:
    """A text inside of a JSON column is a JSON string."""
    return json.dumps(value, ensure_ascii=False)


def _conflict(found: Relation, ask: Ask, names: tuple[str, ...]) -> str:
    resolution = ask.prefer.get("resolution")
    if resolution is None:
        return ""
    asked = ask.parameters.get("on_conflict")
    keys = tuple(name.strip() for name in asked.split(",")) if asked else found.table.primary_key
    for key in keys:
        found.table.column(key)
    if not keys:
        return ""
    if resolution != "merge-duplicates":
        return f" ON CONFLICT ({listing(keys)}) DO NOTHING"
    changed = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in names)
    mine = f" WHERE {quote(found.table.name)}.{found.condition}" if found.owner else ""
    return f" ON CONFLICT ({listing(keys)}) DO UPDATE SET {changed}{mine}"


def update(database: ProjectDatabase, ask: Ask, changes: dict[str, Any]) -> Answer:
    """Raises SqlError or Unsupported."""
    with database.transaction(ask.caller):
        found = relation(database, ask.table, ask.caller, "update")
        if found.owner in changes:
            _owned(found, ask.caller, changes)
        conditions = _conditions(found, ask)
        pairs = [
            f"{quote(name)} = {conditions.bind(value)}" for name, value in _stored(found, changes).items()
        ]
        if not pairs:
            return Answer([], total=0)
        shown = read_select(found, ask.parameters.get("select"))
        head = f"UPDATE {quote(found.table.name)} SET {', '.join(pairs)}"  # noqa: S608 - checked names
        result = database.run(
            f"{head} WHERE {conditions.sql} RETURNING {shown.sql}", conditions.values, shown.kinds
        )
    return _changed(ask, result)


def delete(database: ProjectDatabase, ask: Ask) -> Answer:
    """Raises SqlError or Unsupported."""
    with database.transaction(ask.caller):
        found = relation(database, ask.table, ask.caller, "delete")
        conditions = _conditions(found, ask)
        shown = read_select(found, ask.parameters.get("select"))
        text = f"DELETE FROM {quote(found.table.name)} WHERE {conditions.sql} RETURNING {shown.sql}"  # noqa: S608
        result = database.run(text, conditions.values, shown.kinds)
    return _changed(ask, result)


def _changed(ask: Ask, result: Result) -> Answer:
    return Answer(result.rows, total=result.count if "count" in ask.prefer else None)

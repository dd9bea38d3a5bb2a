"""Rows as lines of JSON, the same for both engines: binary as base64, times in UTC, JSON as JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BinaryField, Field, JSONField, Model

from core.backup.tables import Scrub

#: Rows read, or written, in one go.
BATCH = 500


def dumped(model: type[Model], scrub: Scrub | None = None) -> Iterator[bytes]:
    """Yield the table's rows as lines, by primary key."""
    names = [field.attname for field in model._meta.concrete_fields]
    for row in model._base_manager.order_by("pk").values(*names).iterator(chunk_size=BATCH):
        if scrub:
            scrub(row)
        told = {name: _told(value) for name, value in row.items()}
        yield json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def load(model: type[Model], lines: Iterable[bytes]) -> int:
    """Insert the rows of these lines as they are, past `save` and its clocks; return how many."""
    fields = model._meta.concrete_fields
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    # Names come from the models, values go as parameters.
    insert = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608
    count = 0
    with connection.cursor() as cursor:
        for batch in _batches(lines):
            cursor.executemany(insert, [_values(fields, json.loads(line)) for line in batch])
            count += len(batch)
    return count


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    source = iter(lines)
    while batch := list(islice(source, BATCH)):
        yield batch


def _values(fields: Iterable[Field[Any, Any]], row: dict[str, Any]) -> list[Any]:
    return [field.get_db_prep_save(_meant(field, row[field.attname]), connection) for field in fields]


def _told(value: Any) -> Any:
    """Return a value as JSON can say it."""
    if isinstance(value, (bytes, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _meant(field: Field[Any, Any], told: Any) -> Any:
    """Return the value that the column takes."""
    if told is None or isinstance(field, JSONField):
        return told
    if isinstance(field, BinaryField):
        return base64.b64decode(told, validate=True)
    return field.to_python(told)

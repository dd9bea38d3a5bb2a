"""Reading the whole database as it stood at one moment. Nobody who writes meanwhile waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """Show what the block reads one state of the database, however long it takes."""
    reader = _postgresql if connection.vendor == "postgresql" else _sqlite
    with reader():
        yield


@contextmanager
def _postgresql() -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def _sqlite() -> Iterator[None]:
    """Begin a transaction that only reads: `atomic` would ask for the write lock, and the panel would stand still.

    In WAL mode the first SELECT fixes what all others see.
    """
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            cursor.execute("SELECT count(*) FROM django_migrations").fetchone()
            yield
        finally:
            cursor.execute("ROLLBACK")

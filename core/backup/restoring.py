"""Making an instance from a backup: an empty database and its folders, all or nothing.

What is restored believes things that the world has left behind. So the transaction that brings the rows also halts
everything: each room says in `core.registry.after_restore` what of its own must not simply go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from django.apps import apps
from django.apps.registry import Apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

from core.backup import checking, rows, schema
from core.backup.archive import TABLES, BackupError, Manifest
from core.backup.checking import Member
from core.backup.folders import folders
from core.backup.tables import kept
from core.registry import Restored, after_restore


def restore(path: Path) -> Manifest:
    """Restore the backup, and halt what came of it. Raises BackupError; then nothing was written."""
    manifest = checking.checked(path)
    _require_empty()
    restored = Restored(datetime.fromisoformat(manifest.made_at), timezone.now())
    with _folders_as_before() as added, _one_transaction():
        models = schema.models_of(manifest)
        _clear_what_migrate_made(models)
        _look_at_references_later()
        _load(path, manifest, models, added)
        connection.check_constraints()
        schema.migrate_on()
        _count_on()
        for settle in after_restore:
            settle(restored)
        connection.check_constraints()
    return manifest


def _require_empty() -> None:
    """Refuse a database in which somebody has been."""
    present = set(connection.introspection.table_names())
    for label, table in kept():
        model = apps.get_model(label)
        if table.made_by_migrate or model._meta.db_table not in present:
            continue
        with connection.cursor() as cursor:
            quoted = connection.ops.quote_name(model._meta.db_table)
            if cursor.execute(f"SELECT 1 FROM {quoted} LIMIT 1").fetchone():  # noqa: S608 # nosec B608 - own table
                raise BackupError(
                    f"This database is not empty: it has {model._meta.verbose_name_plural}. Restore into a new one,"
                    " and keep this one until you know that you do not need it. Nothing was restored."
                )


@contextmanager
def _one_transaction() -> Iterator[None]:
    """Let migrations, rows and the halt come in together, or not at all.

    SQLite changes tables only while foreign keys are not enforced, which no transaction can switch; they are checked
    before it ends.
    """
    connection.ensure_connection()
    switched = connection.vendor == "sqlite" and connection.disable_constraint_checking()
    try:
        with transaction.atomic():
            yield
    finally:
        if switched:
            connection.enable_constraint_checking()


@contextmanager
def _folders_as_before() -> Iterator[list[tuple[str, str]]]:
    """Take away the files that were added when the restore fails."""
    added: list[tuple[str, str]] = []
    try:
        yield added
    except BaseException:
        for folder, name in added:
            folders.get(folder).remove(name)
        raise


def _clear_what_migrate_made(models: Apps) -> None:
    for label, table in kept():
        if table.made_by_migrate:
            models.get_model(label)._base_manager.all().delete()


def _look_at_references_later() -> None:
    """Take rows in any order: a migration of the same transaction has PostgreSQL look at once."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _load(path: Path, manifest: Manifest, models: Apps, added: list[tuple[str, str]]) -> None:
    counts = dict.fromkeys(manifest.tables, 0)
    with checking.members(path) as members:
        for member in members:
            place, _, rest = member[0].partition("/")
            if place == TABLES:
                label = rest.partition("/")[0]
                counts[label] += rows.load(models.get_model(label), member[1])
            elif place in folders and rest not in manifest.folders[place].damaged:
                _store(member, added)
    if counts != manifest.tables:
        raise BackupError("The backup changed while it was read. Nothing was restored.")


def _store(member: Member, added: list[tuple[str, str]]) -> None:
    place, name = member[0].split("/")
    folder = folders.get(place)
    if folder.has(name):
        return
    stored = folder.put(iter(lambda: member[1].read(checking.CHUNK_BYTES), b""))
    added.append((place, stored))
    if stored != name:
        raise BackupError("The backup changed while it was read. Nothing was restored.")


def _count_on() -> None:
    """Let numbered tables go on after their highest number."""
    numbered = [apps.get_model(label) for label, _table in kept()]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), numbered):
            cursor.execute(statement)

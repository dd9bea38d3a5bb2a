"""Writing a backup while the panel runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkstemp
from typing import IO

from django.apps import apps
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core.backup import archive, rows
from core.backup.archive import BackupError, Manifest, Shelf, Writer
from core.backup.folders import Folder, folders
from core.backup.snapshot import snapshot
from core.backup.tables import kept
from core.version import version

#: A part of a table ends after the row with which it passes this: memory stays bounded.
PART_BYTES = 4 * 1024 * 1024


def to_file(target: Path) -> Manifest:
    """Write a new file that only its owner may read; when it cannot be finished, nothing is left of it."""
    if target.exists():
        raise BackupError(
            f"{target} exists already. Give each backup a name of its own, such as one with the date."
        )
    handle, name = mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            manifest = write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).rename(target)
    finally:
        Path(name).unlink(missing_ok=True)
    return manifest


def write(out: IO[bytes]) -> Manifest:
    """Write the backup to an open file or a pipe; return its manifest.

    Rows come first: every stored file that they name is there already, and none is ever changed.
    """
    writer = Writer(out)
    with snapshot():
        manifest = Manifest(version(), datetime.now(UTC).isoformat(), connection.vendor, _migrations())
        writer.add(archive.HEAD, json.dumps(archive.head(manifest)).encode())
        for label, table in kept():
            lines = rows.dumped(apps.get_model(label), table.scrub)
            manifest.tables[label] = _add_table(writer, manifest, label, lines)
    for name, folder in folders.items():
        manifest.folders[name] = _add_folder(writer, name, folder)
    writer.add(archive.SEAL, writer.add(archive.MANIFEST, manifest.as_json()).encode())
    writer.close()
    return manifest


def _migrations() -> list[list[str]]:
    return sorted([app, name] for app, name in MigrationRecorder(connection).applied_migrations())


def _add_table(writer: Writer, manifest: Manifest, label: str, lines: Iterable[bytes]) -> int:
    count = 0
    for number, part in enumerate(_parts(lines)):
        name = f"{archive.TABLES}/{label}/{number:06}"
        manifest.parts[name] = writer.add(name, b"".join(part))
        count += len(part)
    return count


def _parts(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size = 0
    for line in lines:
        part.append(line)
        size += len(line)
        if size >= PART_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _add_folder(writer: Writer, folder_name: str, folder: Folder) -> Shelf:
    """Add every stored file, whatever it holds: one damaged file must not cost the whole backup. It is named."""
    shelf = Shelf()
    for name in folder.names():
        with folder.open(name) as file:
            size = os.fstat(file.fileno()).st_size
            digest = writer.add_file(f"{folder_name}/{name}", file, size)
        shelf.files += 1
        shelf.bytes += size
        if digest != name:
            shelf.damaged.append(name)
    return shelf


def told(manifest: Manifest) -> str:
    """Return in one line what a backup holds."""
    count = sum(manifest.tables.values())
    files = sum(shelf.files for shelf in manifest.folders.values())
    size = sum(shelf.bytes for shelf in manifest.folders.values())
    return f"{count:,} rows of {len(manifest.tables)} tables, {files:,} stored files ({size:,} bytes)"

"""Reads uploaded zip and tar.gz archives into the store, file by file, and trusts nothing an archive says of itself.

Sizes are counted while reading. Every refusal is one sentence that names the entry.
"""

from __future__ import annotations

import gzip
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from deploys import store
from deploys.archives.formats import Opened, TarArchive, ZipArchive
from deploys.archives.limits import Meter, refuse
from deploys.paths import checked_path, shown, without_common_folder
from run402 import ignore, mime

#: What the libraries raise for an archive that is not what it says; an OSError of our own disk is not among them.
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
)
#: What Finder adds to zip archives; it is never part of a folder.
_FINDER = "__MACOSX/"


@dataclass(frozen=True)
class Tree:
    """What an archive held: path to {"sha256", "size", "content_type"}, and what was left out with the reason."""

    files: dict[str, dict[str, Any]]
    left_out: list[list[str]] = field(default_factory=list)
    stripped: str = ""


def read_archive(file: BinaryIO, *, name: str) -> Tree:
    """Store every file of the archive that is published; tell what was left out. Raises Refusal.

    `name` is the upload's file name, for the sentence; the format is recognised by the first bytes.
    """
    try:
        with _opened(file, name) as archive:
            tree = _intake(archive)
    except _BROKEN as error:
        text = _("“%(name)s” is broken: it cannot be read to its end. Pack it again.")
        raise refuse("ARCHIVE_BROKEN", text % {"name": shown(name)}) from error
    if not tree.files:
        text = _("“%(name)s” holds no file that can be published.")
        raise refuse("ARCHIVE_EMPTY", text % {"name": shown(name)})
    return tree


def is_archive(file: BinaryIO) -> bool:
    """Say whether the first bytes are those of a zip or gzip file; the file stands at its start afterwards."""
    head = file.read(2)
    file.seek(0)
    return head in (b"PK", b"\x1f\x8b")


def is_zip(file: BinaryIO) -> bool:
    """Say whether the first bytes are those of a zip file; the file stands at its start afterwards."""
    head = file.read(2)
    file.seek(0)
    return head == b"PK"


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[Opened]:
    if not is_archive(file):
        text = _("“%(name)s” is neither a zip nor a tar.gz archive.")
        raise refuse("ARCHIVE_UNKNOWN", text % {"name": shown(name)})
    with closing(ZipArchive(file) if is_zip(file) else TarArchive(file)) as archive:
        yield archive


def _intake(archive: Opened) -> Tree:
    """Read all entries. Every path is checked, also of what is left out: a hostile archive is refused whole."""
    meter = Meter()
    files: dict[str, dict[str, Any]] = {}
    left_out: list[list[str]] = []
    seen: set[str] = set()
    for entry in archive.entries(meter):
        path = checked_path(entry.path)
        _once(path, seen)
        verdict = "skipped" if path.startswith(_FINDER) else ignore.classify(path)
        if verdict != "keep":
            left_out.append([path, verdict])
            continue
        with archive.open(entry) as file:
            blob = store.put(meter.read(entry, file))
        files[path] = {"sha256": blob.sha256, "size": blob.size, "content_type": mime.content_type(path)}
    stripped, renamed = without_common_folder(files)
    return Tree(renamed, sorted(left_out), stripped)


def _once(path: str, seen: set[str]) -> None:
    if path in seen:
        text = _("“%(path)s” is in the archive twice; which one is meant cannot be known.")
        raise refuse("ARCHIVE_DUPLICATE", text % {"path": shown(path)})
    seen.add(path)

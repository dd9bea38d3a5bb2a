"""The panel's content-addressed store: bytes under the SHA-256 of what they are, each kept once for all teams.

Who may read what is decided by the rows that name a digest; the store itself knows no owner. Five small functions, so
that an S3-compatible store can stand in: put, open_blob, has, size_of, and the folder layout behind them.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

CHUNK_BYTES = 256 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Lost(LookupError):
    """The store does not hold these bytes."""


@dataclass(frozen=True)
class Blob:
    """What was stored: lower-case hex SHA-256 and the number of bytes."""

    sha256: str
    size: int


def put(chunks: Iterable[bytes]) -> Blob:
    """Store a stream and return its digest. An interrupted or failing stream leaves nothing behind."""
    incoming = _folder() / "incoming"
    incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=incoming)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            blob = _write(file, chunks)
            file.flush()
            os.fsync(file.fileno())
        _move(temporary, _path(blob.sha256))
    finally:
        temporary.unlink(missing_ok=True)
    return blob


def put_file(file: BinaryIO) -> Blob:
    """Store an open file from where it stands to its end."""
    return put(chunks_of(file))


def open_blob(sha256: str) -> BinaryIO:
    """Open stored bytes for reading. Raises Lost."""
    try:
        return _path(sha256).open("rb")
    except FileNotFoundError:
        raise Lost(sha256) from None


def has(sha256: str) -> bool:
    """Say whether these bytes are stored."""
    return _path(sha256).is_file()


def size_of(sha256: str) -> int:
    """Return the number of stored bytes. Raises Lost."""
    try:
        return _path(sha256).stat().st_size
    except FileNotFoundError:
        raise Lost(sha256) from None


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file in pieces of bounded size."""
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _write(file: BinaryIO, chunks: Iterable[bytes]) -> Blob:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        file.write(chunk)
    return Blob(digest.hexdigest(), size)


def _move(temporary: Path, final: Path) -> None:
    """Give the finished file its name. Bytes that are there already stay, as new as if they had come now.

    Their age is what keeps them from being collected (`deploys.collecting`), which may take them away at this moment.
    """
    with suppress(FileNotFoundError):
        os.utime(final)
        return
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary.replace(final)
    # The name must survive a power cut as the bytes do: a row that refers to it is about to be committed.
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _path(sha256: str) -> Path:
    if not _DIGEST.fullmatch(sha256):
        raise Lost(sha256)
    return _folder() / sha256[:2] / sha256[2:]


def _folder() -> Path:
    return Path(settings.STORE_DIR)


class Stored:
    """The store as a folder of a backup (`core.backup.folders`)."""

    def names(self) -> Iterator[str]:
        """Yield the digests of all stored files; what is still arriving, and results, are none of them."""
        for folder in sorted(_folder().glob("[0-9a-f][0-9a-f]")):
            for path in sorted(folder.iterdir()):
                if _DIGEST.fullmatch(name := folder.name + path.name):
                    yield name

    def open(self, name: str) -> BinaryIO:
        """Open one for reading. Raises Lost."""
        return open_blob(name)

    def put(self, chunks: Iterable[bytes]) -> str:
        """Store a file and return its digest."""
        return put(chunks).sha256

    def has(self, name: str) -> bool:
        """Say whether it is there."""
        return has(name)

    def remove(self, name: str) -> None:
        """Take a file away, of which nobody knows yet."""
        _path(name).unlink(missing_ok=True)

"""Reading a backup to its end before anything is written: is it ours, whole, and of a version that is known here."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.backup import archive
from core.backup.archive import BackupError, Manifest

#: Head, manifest and its digest are read into memory; one that is larger is none of ours.
MOST_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
_PART = re.compile(r"tables/[a-z_]+\.[A-Za-z_]+/[0-9]{6}")
_STORED = re.compile(r"([a-z_]+)/([0-9a-f]{64})")

Member = tuple[str, IO[bytes], int]


def checked(path: Path) -> Manifest:
    """Return the manifest of a whole and undamaged backup. Raises BackupError."""
    digests: dict[str, str] = {}
    stored: Counter[str] = Counter()
    wrong: list[tuple[str, str]] = []
    kept: dict[str, bytes] = {}
    with members(path) as found:
        for name, file, size in found:
            if name in (archive.MANIFEST, archive.SEAL):
                kept[name] = _small(file, size)
            elif _PART.fullmatch(name) and name not in digests:
                digests[name] = _digest(file)
            elif stored_file := _STORED.fullmatch(name):
                folder, sha256 = stored_file.groups()
                stored[folder] += 1
                if _digest(file) != sha256:
                    wrong.append((folder, sha256))
            else:
                raise BackupError(f"This file holds {name!r}, which no backup has. Nothing was restored.")
    manifest = _manifest(kept)
    known = {(folder, name) for folder, shelf in manifest.folders.items() for name in shelf.damaged}
    files = {folder: shelf.files for folder, shelf in manifest.folders.items() if shelf.files}
    if digests != manifest.parts or files != dict(stored) or set(wrong) - known:
        raise _damaged()
    return manifest


@contextmanager
def members(path: Path) -> Iterator[Iterator[Member]]:
    """Yield the members behind the head as (name, file, size), in their order. Raises BackupError."""
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r|") as tar:
            found = _members(tar)
            _check_head(next(found, None))
            yield found
    except FileNotFoundError:
        raise BackupError(f"There is no file {path}.") from None
    except tarfile.ReadError:
        raise _foreign() if path.stat().st_size < 1 or not _is_tar(path) else _damaged() from None


def _members(tar: tarfile.TarFile) -> Iterator[Member]:
    for member in tar:
        file = tar.extractfile(member) if member.isreg() else None
        if file is None:
            raise BackupError(f"This file holds {member.name!r}, which is no file. Nothing was restored.")
        yield member.name, file, member.size


def _is_tar(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(512)[257:262] == b"ustar"


def _check_head(first: Member | None) -> None:
    if first is None or first[0] != archive.HEAD:
        raise _foreign()
    try:
        head = json.loads(_small(first[1], first[2]))
        kind, version = head["format"], head["version"]
    except (ValueError, KeyError, TypeError):
        raise _foreign() from None
    if kind != archive.FORMAT:
        raise _foreign()
    if version != archive.VERSION:
        raise BackupError(
            f"This backup is of format {version}; this version of the panel reads format {archive.VERSION}."
            f" Restore it with panel {head.get('panel')}, which made it. Nothing was restored."
        )


def _manifest(kept: dict[str, bytes]) -> Manifest:
    content, seal = kept.get(archive.MANIFEST), kept.get(archive.SEAL)
    if content is None or seal is None or hashlib.sha256(content).hexdigest().encode() != seal:
        raise _damaged()
    try:
        return Manifest.from_json(content)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged() from None


def _small(file: IO[bytes], size: int) -> bytes:
    if size > MOST_BYTES:
        raise _foreign()
    return file.read()


def _digest(file: IO[bytes]) -> str:
    sha256 = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        sha256.update(chunk)
    return sha256.hexdigest()


def _foreign() -> BackupError:
    return BackupError("This file is no backup of Run402 Panel. Nothing was restored.")


def _damaged() -> BackupError:
    return BackupError(
        "This backup is damaged or cut short: it does not hold what its manifest says. Nothing was restored."
        " Take another copy of it, or an earlier one."
    )

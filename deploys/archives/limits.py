"""How much an archive may make us read: entries, bytes, ratio, and the size of its own tables."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Refusal
from deploys import store
from deploys.paths import shown

#: An entry may grow to this many times its packed size, once it is larger than the free allowance.
MAX_RATIO = 1000
FREE_BYTES = 10 * 2**20
#: Bytes that a zip's table of contents may take for each allowed file, and a tar for its headers and padding.
TABLE_BYTES_PER_FILE = 512
HEADER_BYTES_PER_FILE = 4096
#: The libraries read extended tar headers whole; none that is honest comes near this.
MAX_TAR_READ = 2**20


@dataclass(frozen=True)
class Entry:
    """One regular file of an archive. `packed` is its packed size, None where the format does not tell."""

    path: str
    packed: int | None
    handle: Any


def refuse(code: str, sentence: str) -> Refusal:
    """Return the refusal of an upload, at home at the form's file field."""
    return Refusal(code, sentence, field="archive")


class Meter:
    """Counts what comes out of an archive and stops it at the operator's limits."""

    def __init__(self) -> None:
        self.entries = 0
        self.bytes = 0

    def count(self, path: str) -> None:
        """Count one more entry; folders and links count too, since each costs memory."""
        self.entries += 1
        if self.entries > settings.UPLOAD_MAX_FILES:
            text = _("The archive has more than %(most)s entries; reading stopped at “%(path)s”.")
            raise refuse(
                "ARCHIVE_TOO_MANY_FILES", text % {"most": settings.UPLOAD_MAX_FILES, "path": shown(path)}
            )

    def read(self, entry: Entry, file: BinaryIO) -> Iterator[bytes]:
        """Yield the entry's bytes while they stay within size and ratio."""
        size = 0
        while chunk := file.read(store.CHUNK_BYTES):
            size += len(chunk)
            self.bytes += len(chunk)
            self._check(entry, size)
            yield chunk

    def _check(self, entry: Entry, size: int) -> None:
        if self.bytes > settings.UPLOAD_MAX_UNPACKED_BYTES:
            raise _too_large(entry.path)
        if size > FREE_BYTES and entry.packed is not None and size > MAX_RATIO * max(entry.packed, 1):
            text = _("“%(path)s” unpacks to more than %(ratio)s times its size, as archive bombs do.")
            raise refuse("ARCHIVE_BOMB", text % {"path": shown(entry.path), "ratio": MAX_RATIO})


def _too_large(path: str = "") -> Refusal:
    most = settings.UPLOAD_MAX_UNPACKED_BYTES // 2**20
    text = _("Unpacked, the archive is larger than %(most)s MB.") % {"most": most}
    if path:
        text += " " + _("Reading stopped at “%(path)s”.") % {"path": shown(path)}
    return refuse("ARCHIVE_TOO_LARGE", text)


class BeforeStartError(zipfile.BadZipFile, OSError):
    """A position before the start. The zip library expects an OSError of files as short as an empty archive."""


class ZipFileSource:
    """The uploaded file as the zip library may see it: no read so large that the table of contents fills the memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._most = max(settings.UPLOAD_MAX_FILES * TABLE_BYTES_PER_FILE, 2**20)

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            text = _("The archive's table of contents is too long for %(most)s files.")
            raise refuse("ARCHIVE_TOO_MANY_FILES", text % {"most": settings.UPLOAD_MAX_FILES})
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            raise BeforeStartError("a position before the start") from error

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


class TarStream:
    """A gzipped tar unpacked once from start to end: what is skipped is counted too, and nothing is unpacked twice."""

    def __init__(self, file: BinaryIO) -> None:
        self._gzip = gzip.GzipFile(fileobj=file)
        self._most = settings.UPLOAD_MAX_UNPACKED_BYTES + settings.UPLOAD_MAX_FILES * HEADER_BYTES_PER_FILE
        self._position = 0
        self._last = b""
        self._stepped_back = False

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_TAR_READ:
            raise tarfile.ReadError("a header too large to be honest")
        if self._stepped_back and size:
            self._stepped_back = False
            self._position += 1
            return self._last + self._take(size - 1)
        return self._take(size)

    def _take(self, size: int) -> bytes:
        data = self._gzip.read(size) if size else b""
        self._position += len(data)
        self._last = data[-1:] or self._last
        if self._position > self._most:
            raise _too_large()
        return data

    def seek(self, target: int) -> int:
        """Go forward by reading, or one byte back, which is all that the library asks for."""
        if target == self._position - 1 and not self._stepped_back:
            self._stepped_back = True
            self._position = target
        while self._position < target:
            if not self.read(min(store.CHUNK_BYTES, target - self._position)):
                break
        if target < self._position:
            raise tarfile.ReadError("a position before the current one")
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        self._gzip.close()

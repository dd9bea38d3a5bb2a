"""The two formats as one: the regular files of an archive, in the order in which they can be read."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol, cast

from django.utils.translation import gettext as _

from core.errors import Refusal
from deploys.archives.limits import Entry, Meter, TarStream, ZipFileSource, refuse
from deploys.paths import shown

#: Others (LZMA, bzip2) may ask for as much memory as they like.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Opened(Protocol):
    """An archive open for reading. An entry is read before the next one is asked for."""

    def entries(self, meter: Meter) -> Iterator[Entry]: ...
    def open(self, entry: Entry) -> BinaryIO: ...
    def close(self) -> None: ...


class ZipArchive:
    """A zip file."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(cast(Any, ZipFileSource(file)))

    def close(self) -> None:
        self._zip.close()

    def entries(self, meter: Meter) -> Iterator[Entry]:
        for info in self._zip.infolist():
            # The library cuts `filename` at a NUL; the original shows what is hidden behind it.
            name = info.orig_filename
            meter.count(name)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _special(name)
            if info.is_dir() or kind == stat.S_IFDIR:
                continue
            _readable(info)
            yield Entry(name, info.compress_size, info)

    def open(self, entry: Entry) -> BinaryIO:
        return cast(BinaryIO, self._zip.open(entry.handle))


class TarArchive:
    """A gzipped tar. Its ratio is not told per file; the total is bounded instead."""

    def __init__(self, file: BinaryIO) -> None:
        self._stream = TarStream(file)
        self._tar = tarfile.open(fileobj=cast(Any, self._stream), mode="r:")  # noqa: SIM115 - closed by `close`

    def close(self) -> None:
        self._tar.close()
        self._stream.close()

    def entries(self, meter: Meter) -> Iterator[Entry]:
        for member in self._tar:
            meter.count(member.name)
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise _special(member.name)
            yield Entry(member.name, None, member)

    def open(self, entry: Entry) -> BinaryIO:
        return cast(BinaryIO, self._tar.extractfile(entry.handle))


def _readable(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 0x1:
        text = _("“%(path)s” is encrypted; send an archive without a password.")
        raise refuse("ARCHIVE_ENCRYPTED", text % {"path": shown(info.orig_filename)})
    if info.compress_type not in _COMPRESSIONS:
        text = _("“%(path)s” is packed in a way that is not read here; pack it as an ordinary zip.")
        raise refuse("ARCHIVE_COMPRESSION", text % {"path": shown(info.orig_filename)})


def _special(path: str) -> Refusal:
    text = _("“%(path)s” is a link or a device; only plain files can be published.")
    return refuse("ARCHIVE_SPECIAL_FILE", text % {"path": shown(path)})

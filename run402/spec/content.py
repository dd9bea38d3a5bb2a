"""Bytes of a release: where they come from, and the reference that stands for them (contract: apply 2.4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from run402 import ignore, mime
from run402.errors import Problem, SpecInvalid
from run402.spec.reader import Fields, Reader
from run402.spec.values import Dialect, Document, document, given

CHUNK_BYTES = 256 * 1024
SQL_TYPE = "application/sql"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BINARY = frozenset(
    {"png", "gif", "webp", "jpg", "jpeg", "ico", "woff", "woff2", "ttf", "otf", "pdf", "wasm"}
)
_ENTRY = frozenset({"sha256", "size", "integrity", "content_type", "data", "encoding", "path"})


class Source(Protocol):
    """Where the bytes of a file come from. ``open`` may be called any number of times."""

    def open(self) -> BinaryIO:
        """A fresh, seekable, binary file at its beginning."""


@dataclass(frozen=True, slots=True)
class BytesSource:
    """Bytes in memory, for contents that stood in the manifest itself.

    >>> BytesSource(b"hello").open().read()
    b'hello'
    """

    content: bytes = field(repr=False)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)


@dataclass(frozen=True, slots=True)
class PathSource:
    """A file on this machine, read when it is needed and never whole.

    >>> PathSource("/srv/site/index.html").path
    '/srv/site/index.html'
    """

    path: str

    def open(self) -> BinaryIO:
        return Path(self.path).open("rb")


@dataclass(frozen=True, slots=True)
class ContentRef:
    """Bytes by their digest: lower-case hex SHA-256, and the size in bytes. ``source`` is None when they are elsewhere.

    >>> reference(BytesSource(b"hello"), "text/plain").size
    5
    """

    sha256: str
    size: int
    content_type: str | None = None
    integrity: str | None = None
    extra: Document = field(default_factory=dict, repr=False)
    source: Source | None = field(default=None, compare=False, repr=False)

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        return document(
            dialect,
            self.extra,
            sha256=self.sha256,
            size=self.size,
            content_type=given(self.content_type),
            integrity=given(self.integrity),
        )


Files = Mapping[str, Source | ContentRef]


def reference(source: Source, content_type: str | None = None) -> ContentRef:
    """The reference of a source, whose bytes are read once, in chunks."""
    digest, size = hashlib.sha256(), 0
    with source.open() as blob:
        while chunk := blob.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return ContentRef(digest.hexdigest(), size, content_type, source=source)


def folder(root: Path, *, secrets: bool = False) -> dict[str, Source]:
    """The files of a folder by the official collection rules; keys are relative, with ``/``, in order.

    ``secrets`` takes key files along. Raises SpecInvalid for a symbolic link, whose target may lie outside.
    """
    found: dict[str, Source] = {}
    _collect(str(root), "", secrets, found)
    return found


def _collect(root: str, prefix: str, secrets: bool, found: dict[str, Source]) -> None:
    with os.scandir(root) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = prefix + entry.name
            verdict = ignore.classify(path)
            if verdict == "skipped":
                continue
            if entry.is_symlink():
                raise SpecInvalid(
                    [Problem("INVALID_SPEC", path, "is a symbolic link; those are not deployed.")]
                )
            if entry.is_dir():
                _collect(entry.path, f"{path}/", secrets, found)
            elif verdict == "keep" or secrets:
                found[path] = PathSource(entry.path)


class Entries:
    """Reads file entries in every authoring form. ``used`` collects the names of ``files`` that were asked for.

    >>> entries = Entries(Reader(strict=True), {})
    >>> entries.read("hello", "site.replace.a.txt", name="a.txt").content_type
    'text/plain; charset=utf-8'
    """

    def __init__(self, reader: Reader, files: Files) -> None:
        self._reader = reader
        self._files = files
        self.used: set[str] = set()

    def read_map(self, value: Any, path: str) -> dict[str, ContentRef]:
        """Path → reference, for an object of file entries."""
        found = {}
        for name, entry in self._reader.mapping(value, path).items():
            self.check_path(name, f"{path}.{name}")
            ref = self.read(entry, f"{path}.{name}", name=name)
            if ref is not None:
                found[name] = ref
        return found

    def check_path(self, name: str, path: str) -> None:
        """A file's path inside a release is relative and stays inside."""
        segments = name.split("/")
        odd = "\\" in name or any(ord(character) < 32 or ord(character) == 127 for character in name)
        if odd or not name or any(segment in ("", ".", "..") for segment in segments):
            self._reader.wrong(path, "is not a relative path of a file: no “/” in front, no “..”, no “\\”.")

    def read(self, value: Any, path: str, *, name: str = "") -> ContentRef | None:
        """One entry: a text, ``{data}``, ``{path}``, or a reference. ``name`` lets its content type be guessed."""
        if isinstance(value, ContentRef):
            return _typed(value, name)
        if isinstance(value, str):
            return self._inline(value.encode("utf-8", "replace"), path, name, None, is_text=True)
        if not isinstance(value, Mapping):
            self._reader.wrong(path, "must be a text or an object.")
            return None
        fields = self._reader.fields(value, path, _ENTRY)
        forms = [form for form in ("sha256", "data", "path") if form in fields]
        if len(forms) != 1:
            self._reader.wrong(path, "takes exactly one of: a text, data, path, or sha256 with size.")
            return None
        if forms == ["sha256"]:
            return _typed(self._stored(fields), name)
        if forms == ["data"]:
            return self._data(fields, path, name)
        return self.from_file(fields.text("path") or "", fields.at("path"), name, fields.text("content_type"))

    def from_file(self, wanted: str, path: str, name: str, content_type: str | None) -> ContentRef | None:
        """One of ``files``, by its name relative to the manifest."""
        key = wanted.removeprefix("./")
        if key not in self._files:
            self._reader.wrong(path, f"names “{wanted}”, which is not among the files beside the manifest.")
            return None
        self.used.add(key)
        found = self._files[key]
        ref = found if isinstance(found, ContentRef) else reference(found)
        return _typed(replace(ref, content_type=content_type), name or key if name else "")

    def _data(self, fields: Fields, path: str, name: str) -> ContentRef | None:
        data = fields.values["data"]
        encoding = fields.choice("encoding", ("utf-8", "base64")) or "utf-8"
        content_type = fields.text("content_type")
        if not isinstance(data, str):
            fields.wrong("data", "must be a text.")
            return None
        if encoding == "utf-8":
            return self._inline(data.encode("utf-8", "replace"), path, name, content_type, is_text=True)
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            fields.wrong("data", "is not base64.")
            return None
        return self._inline(content, path, name, content_type, is_text=False)

    def _inline(
        self, content: bytes, path: str, name: str, content_type: str | None, *, is_text: bool
    ) -> ContentRef:
        if is_text and name.rpartition(".")[2].lower() in _BINARY:
            self._reader.wrong(
                path,
                "is a binary file; give it as a path or in base64.",
                code="BINARY_CONTENT_REQUIRES_BYTES",
            )
        return _typed(reference(BytesSource(content), content_type), name)

    def _stored(self, fields: Fields) -> ContentRef:
        sha256 = fields.text("sha256") or ""
        if not _SHA256.fullmatch(sha256):
            fields.wrong("sha256", "must be 64 lower-case hexadecimal digits.")
        if "size" not in fields:
            fields.wrong("size", "is required.")
        size = fields.whole("size", least=0) or 0
        integrity, content_type = fields.text("integrity"), fields.text("content_type")
        return ContentRef(sha256, size, content_type, integrity, fields.extra)


def read_text(ref: ContentRef) -> str:
    """The whole text behind a reference; for SQL, which travels inside documents. Raises ValueError without bytes."""
    if ref.source is None:
        raise ValueError("The bytes are not here.")
    with ref.source.open() as blob:
        return blob.read().decode("utf-8")


def unique(refs: Collection[ContentRef]) -> dict[str, ContentRef]:
    """The references by digest, those with a source first."""
    found: dict[str, ContentRef] = {}
    for ref in refs:
        if ref.sha256 not in found or found[ref.sha256].source is None:
            found[ref.sha256] = ref
    return found


def _typed(ref: ContentRef, name: str) -> ContentRef:
    if ref.content_type is not None or not name:
        return ref
    return replace(ref, content_type=mime.content_type(name))

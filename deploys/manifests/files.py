"""File entries of a manifest, in all forms the CLI takes, as references to stored bytes (contract: apply 2.4)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal
from deploys import store
from deploys.manifests.checks import choice, invalid, mapping, one_of, text, whole
from deploys.paths import checked_path
from run402 import mime

Reference = dict[str, Any]

_TYPE = ("contentType", "content_type")
_DATA = {"data", "encoding", *_TYPE}
_PATH = {"path", *_TYPE}
_REFERENCE = {"sha256", "size", "integrity", *_TYPE}
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Files:
    """The files beside a manifest. `used` collects those it names; inline contents go into the store.

    `by_digest` collects digests that came without bytes: the gateway must have those. They are never looked up in the
    panel's store, which other teams fill too.
    """

    def __init__(self, tree: Mapping[str, Reference]) -> None:
        self._tree = tree
        self._brought: set[str] = {str(file["sha256"]) for file in tree.values()}
        self._named: set[str] = set()
        self.used: set[str] = set()

    @property
    def by_digest(self) -> set[str]:
        return self._named - self._brought

    def read_map(self, value: object, path: str, *, typed: bool = True) -> dict[str, Reference]:
        """Return path → reference for an object of file entries."""
        return {
            checked_file_path(name, path): self.read(entry, f"{path}.{name}", name if typed else "")
            for name, entry in mapping(value, path).items()
        }

    def read(self, value: object, path: str, name: str = "") -> Reference:
        """Return the reference of one entry: a text, {data, encoding}, {path}, or a content reference.

        `name` is the file's own path, from which a content type is guessed; empty where none is sent.
        """
        if isinstance(value, str):
            return self._stored(value.encode(), None, name)
        doc = mapping(value, path)
        if "data" in doc:
            return self._inline(mapping(doc, path, _DATA), path, name)
        if "path" in doc:
            return self._beside(mapping(doc, path, _PATH), path, name)
        if "sha256" in doc:
            reference = _reference(mapping(doc, path, _REFERENCE), path, name)
            self._named.add(reference["sha256"])
            return reference
        raise invalid(path, _("must be a text, {data, encoding}, {path} or {sha256, size}."))

    def _inline(self, doc: Mapping[str, Any], path: str, name: str) -> Reference:
        data = doc["data"]
        if not isinstance(data, str):
            raise invalid(f"{path}.data", _("must be a text."))
        encoding = choice(doc.get("encoding", "utf-8"), f"{path}.encoding", ("utf-8", "base64"))
        if encoding == "utf-8":
            return self._stored(data.encode(), one_of(doc, *_TYPE), name)
        try:
            return self._stored(base64.b64decode(data, validate=True), one_of(doc, *_TYPE), name)
        except binascii.Error:
            raise invalid(f"{path}.data", _("is not base64.")) from None

    def _beside(self, doc: Mapping[str, Any], path: str, name: str) -> Reference:
        wanted = text(doc["path"], f"{path}.path").removeprefix("./")
        found = self._tree.get(wanted)
        if found is None:
            sentence = _(
                "the upload has no file “%(name)s”. Paths start at the folder that holds the manifest."
            )
            raise invalid(f"{path}.path", sentence % {"name": wanted})
        self.used.add(wanted)
        return _typed({"sha256": found["sha256"], "size": found["size"]}, one_of(doc, *_TYPE), name)

    def keep(self, data: bytes) -> Reference:
        """Store bytes that the manifest holds itself."""
        return self._stored(data, None, "")

    def _stored(self, data: bytes, content_type: object, name: str) -> Reference:
        blob = store.put([data])
        self._brought.add(blob.sha256)
        return _typed({"sha256": blob.sha256, "size": blob.size}, content_type, name)


def checked_file_path(name: str, path: str) -> str:
    """Return a path of a site or function. Raises Refusal in the manifest's own terms."""
    try:
        clean = checked_path(name, field="manifest")
    except Refusal as refusal:
        raise invalid(path, refusal.fault.message) from None
    if clean != name:
        raise invalid(f"{path}.{name}", _("must not start with “./”."))
    return clean


def _reference(doc: Mapping[str, Any], path: str, name: str) -> Reference:
    if not isinstance(doc["sha256"], str) or not _SHA256.fullmatch(doc["sha256"]):
        raise invalid(f"{path}.sha256", _("must be 64 lower-case hex digits."))
    size = whole(doc.get("size"), f"{path}.size")
    return _typed({"sha256": doc["sha256"], "size": size}, one_of(doc, *_TYPE), name)


def _typed(reference: Reference, given: object, name: str) -> Reference:
    content_type = given if isinstance(given, str) and given else mime.content_type(name) if name else ""
    return {**reference, "content_type": content_type} if content_type else reference

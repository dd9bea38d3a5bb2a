"""Assets: files kept outside of releases, put, deleted and synchronised by an apply (contract: apply 2.3.9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from run402 import jsontext, mime
from run402.spec.content import ContentRef, Entries
from run402.spec.reader import Fields, Reader
from run402.spec.values import Document, document, given

MOST_METADATA_BYTES = 4096
MOST_KEY_BYTES = 1024
_RESERVED = ("_cas/", "_staging/")
_PUT = frozenset(
    {
        "key",
        "source",
        "sha256",
        "size_bytes",
        "content_type",
        "visibility",
        "immutable",
        "metadata",
        "exif_policy",
    }
)


@dataclass(frozen=True)
class AssetPut:
    """One object to store. Its bytes are found again by ``content``.

    >>> AssetPut("logo.svg", ContentRef("00" * 32, 5, "image/svg+xml")).to_wire()["visibility"]
    'public'
    """

    key: str
    content: ContentRef
    visibility: str = "public"
    immutable: bool = True
    metadata: Document | None = None
    exif_policy: str | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        """Alike in both dialects."""
        return document(
            "cloud",
            self.extra,
            key=self.key,
            sha256=self.content.sha256,
            size_bytes=self.content.size,
            content_type=self.content.content_type or mime.OCTET_STREAM,
            visibility=self.visibility,
            immutable=self.immutable,
            metadata=given(None if self.metadata is None else dict(self.metadata)),
            exif_policy=given(self.exif_policy),
        )


@dataclass(frozen=True)
class PruneConfirmation:
    """What a dry run said would be deleted, echoed to allow it.

    >>> PruneConfirmation("rev_1", "digest", 2).to_wire()["expected_delete_count"]
    2
    """

    base_revision: str
    delete_set_digest: str
    expected_delete_count: int
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        return document(
            "cloud",
            self.extra,
            base_revision=self.base_revision,
            delete_set_digest=self.delete_set_digest,
            expected_delete_count=self.expected_delete_count,
        )


@dataclass(frozen=True)
class AssetSync:
    """Delete everything under ``prefix`` that ``put`` does not name. Commits need ``confirm``.

    >>> AssetSync("img/").to_wire()
    {'prefix': 'img/', 'prune': True}
    """

    prefix: str
    prune: bool = True
    confirm: PruneConfirmation | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        return document(
            "cloud",
            self.extra,
            prefix=self.prefix,
            prune=self.prune,
            confirm=given(self.confirm and self.confirm.to_wire()),
        )


@dataclass(frozen=True)
class Assets:
    """The assets slice.

    >>> Assets(delete=("old.png",)).deploys
    True
    """

    put: tuple[AssetPut, ...] | None = None
    delete: tuple[str, ...] | None = None
    sync: AssetSync | None = None
    extra: Document = field(default_factory=dict, repr=False)

    @property
    def deploys(self) -> bool:
        return bool(self.put or self.delete or self.sync)

    def refs(self) -> Iterator[ContentRef]:
        yield from (item.content for item in self.put or ())

    def to_wire(self) -> dict[str, Any]:
        return document(
            "cloud",
            self.extra,
            put=given(None if self.put is None else [item.to_wire() for item in self.put]),
            delete=given(None if self.delete is None else list(self.delete)),
            sync=given(self.sync and self.sync.to_wire()),
        )


def read_assets(reader: Reader, value: Any, entries: Entries) -> Assets:
    fields = reader.fields(value, "assets", {"put", "delete", "sync"})
    listed = fields.sequence("put")
    found = [(path, put) for path, item in listed or () if (put := _put(reader, item, path, entries))]
    delete = fields.texts("delete")
    _refuse_twins(reader, found, set(delete or ()))
    return Assets(
        put=None if listed is None else tuple(put for _, put in found),
        delete=delete,
        sync=_sync(reader, fields.values["sync"]) if "sync" in fields else None,
        extra=fields.extra,
    )


def _refuse_twins(reader: Reader, puts: list[tuple[str, AssetPut]], deleted: set[str]) -> None:
    seen: set[str] = set()
    for path, put in puts:
        if put.key in seen:
            reader.wrong(f"{path}.key", f"“{put.key}” is put twice.", code="ASSET_DUPLICATE_KEY_IN_PUT")
        if put.key in deleted:
            reader.wrong(
                f"{path}.key", f"“{put.key}” is put and deleted.", code="ASSET_KEY_IN_PUT_AND_DELETE"
            )
        seen.add(put.key)


def _put(reader: Reader, value: Any, path: str, entries: Entries) -> AssetPut | None:
    fields = reader.fields(value, path, _PUT)
    key = fields.text("key", required=True) or ""
    _check_key(fields, key)
    content = _content(reader, fields, key, entries)
    metadata = fields.values.get("metadata")
    if "metadata" in fields and not _is_metadata(metadata):
        fields.wrong(
            "metadata",
            f"is a flat object of texts, numbers, truths and lists of texts, at most {MOST_METADATA_BYTES} bytes.",
            code="INVALID_ASSET_METADATA",
        )
    exif = fields.values.get("exif_policy")
    if "exif_policy" in fields and exif not in ("keep", "strip"):
        fields.wrong("exif_policy", "must be one of: keep, strip.", code="INVALID_EXIF_POLICY")
    visibility, immutable = fields.choice("visibility", ("public", "private")), fields.flag("immutable")
    if content is None:
        return None
    kept = True if immutable is None else immutable
    return AssetPut(key, content, visibility or "public", kept, metadata, exif, fields.extra)


def _content(reader: Reader, fields: Fields, key: str, entries: Entries) -> ContentRef | None:
    """By ``source`` in any form of a file entry, or already by digest and ``size_bytes``."""
    content_type = fields.text("content_type")
    if ("source" in fields) == ("sha256" in fields):
        reader.wrong(fields.path, "takes exactly one of source, and sha256 with size_bytes.")
        return None
    if "source" not in fields:
        stored = {"sha256": fields.values["sha256"], "size": fields.values.get("size_bytes")}
        ref = entries.read(stored, fields.path)
        return ref and ContentRef(ref.sha256, ref.size, content_type or mime.OCTET_STREAM)
    found = entries.read(fields.values["source"], fields.at("source"), name=key)
    if found is None or content_type is None:
        return found
    return ContentRef(found.sha256, found.size, content_type, source=found.source)


def _check_key(fields: Fields, key: str) -> None:
    odd = any(ord(character) < 32 or ord(character) == 127 for character in key)
    if (
        key.startswith(("/", *_RESERVED))
        or ".." in key
        or odd
        or len(key.encode("utf-8", "replace")) > MOST_KEY_BYTES
    ):
        fields.wrong("key", "has no “/” in front, no “..”, no control character, and at most 1024 bytes.")


def _is_metadata(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    flat = all(
        isinstance(item, str | int | float | bool)
        or (isinstance(item, list) and all(isinstance(part, str) for part in item))
        for item in value.values()
    )
    return flat and len(jsontext.dumps(value)) <= MOST_METADATA_BYTES


def _sync(reader: Reader, value: Any) -> AssetSync:
    fields = reader.fields(value, "assets.sync", {"prefix", "prune", "confirm"})
    if fields.values.get("prune") is not True:
        fields.wrong("prune", "must be true: synchronising deletes.")
    prefix = fields.text("prefix", required=True) or ""
    return AssetSync(prefix, True, _confirm(reader, fields), fields.extra)


def _confirm(reader: Reader, sync: Fields) -> PruneConfirmation | None:
    if "confirm" not in sync:
        return None
    known = {"base_revision", "delete_set_digest", "expected_delete_count"}
    fields = reader.fields(sync.values["confirm"], sync.at("confirm"), known)
    if "expected_delete_count" not in fields:
        fields.wrong("expected_delete_count", "is required.")
    return PruneConfirmation(
        base_revision=fields.text("base_revision", required=True) or "",
        delete_set_digest=fields.text("delete_set_digest", required=True) or "",
        expected_delete_count=fields.whole("expected_delete_count", least=0) or 0,
        extra=fields.extra,
    )

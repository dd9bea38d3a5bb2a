"""Bytes by their SHA-256: `blobs/<2 hex>/<62 hex>`, with parts waiting in `incoming/` until a content commit."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

CHUNK = 1024 * 1024


class DigestMismatch(Exception):
    """The assembled bytes are not the ones that were announced."""


class Blobs:
    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "blobs"
        self._incoming = folder / "incoming"
        self._blobs.mkdir(exist_ok=True)
        self._incoming.mkdir(exist_ok=True)

    def path(self, sha256: str) -> Path:
        return self._blobs / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def size(self, sha256: str) -> int | None:
        """The size of the bytes that are really here."""
        path = self.path(sha256)
        return path.stat().st_size if path.is_file() else None

    def read(self, sha256: str) -> bytes:
        return self.path(sha256).read_bytes()

    def new_part(self) -> Path:
        """A fresh file name for bytes that are arriving; the caller fills it and gives it to `keep_part`."""
        return self._incoming / f"{secrets.token_hex(16)}.tmp"

    def part(self, plan_id: str, sha256: str, part_number: int) -> Path:
        return self._incoming / f"{plan_id}.{sha256}.{part_number}"

    def keep_part(self, arrived: Path, plan_id: str, sha256: str, part_number: int) -> None:
        arrived.replace(self.part(plan_id, sha256, part_number))

    def assemble(self, parts: Sequence[Path], sha256: str) -> None:
        """Join parts, check the whole digest, and put the result in its place. Raises DigestMismatch."""
        whole = self.new_part()
        hasher = hashlib.sha256()
        with whole.open("wb") as out:
            for part in parts:
                with part.open("rb") as piece:
                    while chunk := piece.read(CHUNK):
                        hasher.update(chunk)
                        out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if hasher.hexdigest() != sha256:
            whole.unlink()
            raise DigestMismatch(sha256)
        self.path(sha256).parent.mkdir(exist_ok=True)
        whole.replace(self.path(sha256))
        self.discard(parts)

    def put(self, content: bytes, sha256: str) -> None:
        """Keep bytes that did not come through an upload. Raises DigestMismatch."""
        whole = self.new_part()
        whole.write_bytes(content)
        self.assemble([whole], sha256)

    def discard(self, parts: Sequence[Path]) -> None:
        for part in parts:
            part.unlink(missing_ok=True)

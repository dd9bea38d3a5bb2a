"""Canonical JSON and the digests made over it (contract: apply 2.15)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Keys sorted by code unit, no whitespace, UTF-8 (RFC 8785 for the values a spec holds: no fractions)."""
    return json.dumps(_sorted(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8"
    )


def sha256_hex(content: bytes) -> str:
    """The address of bytes in the content store: lower-case hex SHA-256."""
    return hashlib.sha256(content).hexdigest()


def document_digest(value: Any, *, prefix: str = "") -> str:
    """``prefix`` and the SHA-256 of the canonical JSON: how Core names requests, plans and releases."""
    return prefix + sha256_hex(canonical_json(value))


def _sorted(value: Any) -> Any:
    # JavaScript sorts strings by UTF-16 code unit, Python by code point; they differ beyond the basic plane.
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _sorted(value[key]) for key in keys}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value

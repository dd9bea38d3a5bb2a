"""What one entry of the record is, and how entries are tied together. No database and no settings: it is used offline.

body   = SHA-256 over the entry's own fields and its salt
digest = SHA-256 over the digest before it and the body

Two steps, so that an export may hide an entry and still be checked from end to end: it shows the body's digest
instead of the fields. The salt keeps a hidden entry from being guessed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

ENTRY_FORM = "run402-panel/audit-entry/1"
LINK_FORM = "run402-panel/audit-link/1"


def canonical(value: object) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def sha256(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON as lowercase hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def link(previous: str, body: str) -> str:
    """Return the digest of an entry whose body has this digest, after an entry with that one."""
    return sha256([LINK_FORM, previous, body])


@dataclass(frozen=True)
class Hidden:
    """An entry of which only the digests are told."""

    seq: int
    body: str
    digest: str


@dataclass(frozen=True)
class Entry:
    """An entry in full. `at` is ISO 8601 with microseconds and offset."""

    seq: int
    at: str
    actor_id: str
    actor: str
    action: str
    object_type: str
    object_id: str
    object: str
    salt: str
    previous: str
    digest: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def body(self, chain: str) -> str:
        """Return the digest of what the entry of this chain says."""
        said = [self.seq, self.at, self.actor_id, self.actor, self.action]
        about = [self.object_type, self.object_id, self.object, dict(self.details)]
        return sha256([ENTRY_FORM, chain, *said, *about, self.salt])

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Entry:
        """Return the entry with these fields; raise ValueError when one is missing or of another type."""
        try:
            entry = cls(**{name: values[name] for name in cls.__dataclass_fields__})
        except KeyError as error:
            raise ValueError(f"no field {error.args[0]}") from None
        texts = (value for name, value in vars(entry).items() if name not in ("seq", "details"))
        if not all(isinstance(text, str) for text in texts) or not isinstance(entry.details, dict):
            raise ValueError("a field is of another type")
        return entry

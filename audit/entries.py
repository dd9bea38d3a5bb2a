"""What one entry of the record is, and how entries are tied together. No database and no settings: it is used offline.

name   = SHA-256 over a name (of who did it, or of what it was done to) and a salt of its own
body   = SHA-256 over the entry's own fields, with those digests in place of the names, and its salt
digest = SHA-256 over the digest before it and the body

Two steps, so that an export may hide an entry and still be checked from end to end: it shows the body's digest
instead of the fields. The salt keeps a hidden entry from being guessed. And a person's name can be erased, their id
stays: the name's salt is dropped, its digest remains and holds the chain together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

ENTRY_FORM = "run402-panel/audit-entry/1"
LINK_FORM = "run402-panel/audit-link/1"
NAME_FORM = "run402-panel/audit-name/1"
#: What stands in place of a name that was erased.
ERASED = "Erased person"


def canonical(value: object) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def sha256(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON as lowercase hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def link(previous: str, body: str) -> str:
    """Return the digest of an entry whose body has this digest, after an entry with that one."""
    return sha256([LINK_FORM, previous, body])


def named(salt: str, name: str) -> str:
    """Return the digest of a name."""
    return sha256([NAME_FORM, salt, name])


@dataclass(frozen=True)
class Hidden:
    """An entry of which only the digests are told."""

    seq: int
    body: str
    digest: str


@dataclass(frozen=True)
class Entry:
    """An entry in full. `at` is ISO 8601 with microseconds and offset.

    `actor_erased` and `object_erased` are the digests of names that were erased, else empty.
    """

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
    actor_salt: str = ""
    object_salt: str = ""
    actor_erased: str = ""
    object_erased: str = ""

    @property
    def names_hold(self) -> bool:
        """Whatever stands in place of an erased name is not another name."""
        erased = ((self.actor_erased, self.actor), (self.object_erased, self.object))
        return all(name == ERASED for digest, name in erased if digest)

    def body(self, chain: str) -> str:
        """Return the digest of what the entry of this chain says."""
        actor = self.actor_erased or named(self.actor_salt, self.actor)
        about = self.object_erased or named(self.object_salt, self.object)
        said = [self.seq, self.at, self.actor_id, actor, self.action]
        about_what = [self.object_type, self.object_id, about, dict(self.details)]
        return sha256([ENTRY_FORM, chain, *said, *about_what, self.salt])

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

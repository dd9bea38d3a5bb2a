"""A canary: one secret, in every spelling under which it could lie about."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

#: Shorter pieces would be found by chance.
LEAST_BYTES = 8


@dataclass(frozen=True)
class Canary:
    """One secret. `shown_at` are the paths whose answer may hold it: the one place that shows it, once."""

    name: str
    value: bytes
    shown_at: tuple[str, ...] = ()
    spellings: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.value) < LEAST_BYTES:
            raise ValueError(f"{self.name} is too short to be looked for")
        object.__setattr__(self, "spellings", tuple(dict.fromkeys(spellings(self.value))))

    def is_in(self, content: bytes) -> bool:
        """Say whether the content holds the secret in any spelling."""
        return any(spelling in content for spelling in self.spellings)


def spellings(value: bytes) -> Iterator[bytes]:
    """Return the secret as it is, and as hex, base64, a part of a URL and a JSON string."""
    yield value
    hexed = value.hex().encode()
    yield hexed
    yield hexed.upper()
    yield from _base64(value)
    text = value.decode("utf-8", "replace")
    if "\ufffd" not in text:
        yield quote(text, safe="").encode()
        yield quote_plus(text).encode()
        yield json.dumps(text)[1:-1].encode()
        yield text.encode("utf-16-le")


def _base64(value: bytes) -> Iterator[bytes]:
    """Return what base64 makes of it wherever in a longer text it begins: three alignments, without the edges."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + value)
        first = {0: 0, 1: 2, 2: 3}[shift]
        last = len(encoded) - (0 if (len(value) + shift) % 3 == 0 else 4)
        inner = encoded[first:last]
        if len(inner) >= LEAST_BYTES:
            yield inner
            yield inner.replace(b"+", b"-").replace(b"/", b"_")


def of_key(name: str, key: bytes, shown_at: tuple[str, ...] = ()) -> Canary:
    """Return the canary of 32 bytes that people write as hex."""
    return Canary(name, key, shown_at)

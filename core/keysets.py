"""Reads Tink keysets for as long as a process runs.

A setting holds either a keyset's text (from the environment, read once: a new one needs a restart) or the path of its
file, which is looked at on every use and read again when it was replaced. A file that went missing or makes no sense
is an error until it is right again; nothing older is used in its place.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: A setting: the text of a keyset, the path of its file, or "" for none.
Configured = str | Path
Stamp = tuple[int, int, int]

PREFIX_BYTES = 5
#: A file that is copied over, not renamed, is half there for a moment.
READINGS, PAUSE_SECONDS = 3, 0.05


class UnusableKeyset(Exception):
    """There is no such keyset here; the words say why and never what is in it."""


@dataclass(frozen=True)
class Keyset:
    """A parsed keyset: its keys' ids in file order, the one that writes, and its primitives."""

    primary: int
    ids: tuple[int, ...]
    _handle: Any = field(repr=False, compare=False)
    _made: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def primitive(self, kind: Any) -> Any:
        """Return the primitive (`HybridDecrypt`, `Mac`, `Aead` …), made once."""
        if kind not in self._made:
            self._made[kind] = self._handle.primitive(kind)
        return self._made[kind]


def load(configured: Configured, *, secret: bool) -> Keyset:
    """Return the keyset as it is now. Raises UnusableKeyset. `secret` says whether it may hold private keys."""
    if isinstance(configured, Path):
        return _from_file(configured, secret=secret)
    if not configured:
        raise UnusableKeyset("not configured")
    return _from_text(configured, secret=secret)


def key_ids(configured: Configured, *, secret: bool) -> list[int] | None:
    """Return the ids of the keys that this process holds; None when it holds none."""
    try:
        return list(load(configured, secret=secret).ids)
    except UnusableKeyset:
        return None


def key_id_of(ciphertext: bytes) -> int:
    """Return the id of the key that made a ciphertext or MAC (Tink's prefix: one byte 01, four of the id)."""
    if len(ciphertext) < PREFIX_BYTES or ciphertext[0] != 1:
        return 0
    return int.from_bytes(ciphertext[1:PREFIX_BYTES], "big")


def prefix_of(key_id: int) -> bytes:
    """Return the bytes with which everything that this key made begins."""
    return b"\x01" + key_id.to_bytes(4, "big")


_read: dict[tuple[Path, bool], tuple[Stamp, Keyset]] = {}


def _from_file(path: Path, *, secret: bool) -> Keyset:
    stamp = _stamp(path)
    known = _read.get((path, secret))
    if known is None or known[0] != stamp:
        known = (stamp, _patiently(lambda: parse(_text_of(path), secret=secret)))
        _read[path, secret] = known
    return known[1]


def _patiently(read: Callable[[], Keyset]) -> Keyset:
    for _ in range(READINGS - 1):
        try:
            return read()
        except UnusableKeyset:
            time.sleep(PAUSE_SECONDS)
    return read()


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError as error:
        raise UnusableKeyset(f"its file cannot be read ({error.strerror})") from None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UnusableKeyset("its file holds no keyset") from None
    except OSError as error:
        raise UnusableKeyset(f"its file cannot be read ({error.strerror})") from None


@functools.lru_cache(maxsize=16)
def _from_text(text: str, *, secret: bool) -> Keyset:
    return parse(text, secret=secret)


def parse(text: str, *, secret: bool) -> Keyset:
    """Return the keyset in a JSON text. Raises UnusableKeyset; what the text holds is in no message."""
    register()
    from tink import TinkError, json_proto_keyset_format, secret_key_access

    try:
        if secret:
            handle = json_proto_keyset_format.parse(text, secret_key_access.TOKEN)
        else:
            handle = json_proto_keyset_format.parse_without_secret(text)
    except TinkError:
        words = "it is no keyset" if secret else "it is no public keyset"
        raise UnusableKeyset(words) from None
    info = handle.keyset_info()
    return Keyset(info.primary_key_id, tuple(key.key_id for key in info.key_info), handle)


@functools.cache
def register() -> None:
    """Load Tink's primitives; it takes a moment, so nobody pays for it who needs none."""
    from tink import aead, hybrid, mac

    aead.register()
    hybrid.register()
    mac.register()

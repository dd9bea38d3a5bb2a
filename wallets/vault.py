"""Seals keys and secrets. Web holds the public keyset and can only lock; workers hold the private one.

Tink's HPKE binds each ciphertext to its place (`Context`): moved to another row, field or address it does not open.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings

from core.errors import NextStep, Refusal


@dataclass(frozen=True)
class Context:
    """Where a ciphertext belongs: table, row and field, and the address of the wallet if there is one."""

    table: str
    row: str
    field: str
    address: str = ""

    def info(self) -> bytes:
        """Return the bytes that HPKE binds."""
        return "\0".join(("run402-panel/v1", self.table, self.row, self.field, self.address.lower())).encode()


class Locked(Refusal):
    """This process cannot unseal: it has no private keyset, or the ciphertext belongs elsewhere."""

    def __init__(self, why: str) -> None:
        step = NextStep("docs", "Give the worker PANEL_VAULT_PRIVATE_KEYSET_FILE and start it again.")
        super().__init__("VAULT_LOCKED", why, next_steps=[step])


def seal(plaintext: bytes, context: Context) -> bytes:
    """Encrypt to the workers. Raises `Locked` when no public keyset is configured."""
    return cast(bytes, _encrypter(settings.VAULT_PUBLIC_KEYSET).encrypt(plaintext, context.info()))


def unseal(ciphertext: bytes, context: Context) -> bytes:
    """Decrypt in a worker. Raises `Locked` without the private keyset, or when the context is not the sealed one."""
    from tink import TinkError

    try:
        return cast(
            bytes, _decrypter(settings.VAULT_PRIVATE_KEYSET).decrypt(bytes(ciphertext), context.info())
        )
    except TinkError:
        raise Locked(
            "A sealed value does not open: it was sealed for another place or another keyset."
        ) from None


def can_unseal() -> bool:
    """Say whether this process holds the private keyset."""
    return bool(settings.VAULT_PRIVATE_KEYSET)


@functools.lru_cache(maxsize=4)
def _encrypter(keyset: str) -> Any:
    if not keyset:
        raise Locked("No public keyset is configured (PANEL_VAULT_PUBLIC_KEYSET_FILE).")
    from tink import hybrid, json_proto_keyset_format

    hybrid.register()
    return json_proto_keyset_format.parse_without_secret(keyset).primitive(hybrid.HybridEncrypt)


@functools.lru_cache(maxsize=4)
def _decrypter(keyset: str) -> Any:
    if not keyset:
        raise Locked("This process holds no private keyset: only workers can unlock.")
    from tink import hybrid, json_proto_keyset_format, secret_key_access

    hybrid.register()
    handle = json_proto_keyset_format.parse(keyset, secret_key_access.TOKEN)
    return handle.primitive(hybrid.HybridDecrypt)

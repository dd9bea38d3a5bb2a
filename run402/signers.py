"""Who signs: the protocol a client asks for, and the plain signer that holds a key in memory.

``eth_account`` takes over half a second to import, so it is imported when the first signature is made and not
before.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol

CURVE_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141

TypedDataTypes = Mapping[str, Sequence[Mapping[str, str]]]


class Signer(Protocol):
    """A wallet that can sign. Signatures are 65 bytes: r, s, and v as 27 or 28."""

    @property
    def address(self) -> str:
        """The wallet's address in EIP-55 spelling."""

    def sign_message(self, text: str) -> bytes:
        """Sign a text as EIP-191 personal_sign."""

    def sign_typed_data(
        self, domain: Mapping[str, Any], types: TypedDataTypes, message: Mapping[str, Any]
    ) -> bytes:
        """Sign EIP-712 data. ``types`` has the primary type only; the domain's follows from ``domain``."""


class LocalSigner:
    """A signer whose key lives in this process. It neither prints nor pickles its key.

    >>> LocalSigner(bytes([0x11]) * 31 + bytes([0x12])).address
    '0xc06d73162E9BffbCfBF1DA59C511002A8F9155E5'
    """

    __slots__ = ("_address", "_key")

    def __init__(self, key: bytes) -> None:
        """Raises ValueError when ``key`` is not a private key; see ``address_of``."""
        self._address = address_of(key)
        self._key = bytes(key)

    @property
    def address(self) -> str:
        return self._address

    def sign_message(self, text: str) -> bytes:
        from eth_account import Account
        from eth_account.messages import encode_defunct

        return bytes(Account.sign_message(encode_defunct(text=text), self._key).signature)

    def sign_typed_data(
        self, domain: Mapping[str, Any], types: TypedDataTypes, message: Mapping[str, Any]
    ) -> bytes:
        from eth_account import Account

        plain = {name: [dict(member) for member in members] for name, members in types.items()}
        return bytes(Account.sign_typed_data(self._key, dict(domain), plain, dict(message)).signature)

    def __repr__(self) -> str:
        return f"LocalSigner({self._address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A signer holds a private key and is not pickled.")


def new_key() -> bytes:
    """A fresh private key: 32 random bytes that are a valid secp256k1 scalar."""
    while True:
        key = secrets.token_bytes(32)
        if 0 < int.from_bytes(key) < CURVE_ORDER:
            return key


def address_of(key: bytes) -> str:
    """The EIP-55 address of a private key. Raises ValueError, with a sentence for people, when it is none."""
    if len(key) != 32:
        raise ValueError("A private key is exactly 32 bytes: 64 hexadecimal digits.")
    if not 0 < int.from_bytes(key) < CURVE_ORDER:
        raise ValueError("This number is outside the range of private keys.")
    from eth_account import Account

    return str(Account.from_key(bytes(key)).address)

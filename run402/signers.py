"""Who signs: the protocol a client asks for, and the plain signer that holds a key in memory.

Signing is libsecp256k1's, through ``coincurve``; without it ``eth_account`` does the same more slowly. Both are
imported when the first key is used and not before.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol

from run402.eip712 import TypedDataTypes, address_of_point, text_digest, typed_digest

CURVE_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


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

    __slots__ = ("_address", "_sign")

    def __init__(self, key: bytes) -> None:
        """Raises ValueError when ``key`` is not a private key; see ``address_of``."""
        self._address, self._sign = _opened(key)

    @property
    def address(self) -> str:
        return self._address

    def sign_message(self, text: str) -> bytes:
        return self._sign(text_digest(text))

    def sign_typed_data(
        self, domain: Mapping[str, Any], types: TypedDataTypes, message: Mapping[str, Any]
    ) -> bytes:
        """Raises ValueError for nested types and values that do not fit."""
        return self._sign(typed_digest(domain, types, message))

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
    return _opened(key)[0]


def _opened(key: bytes) -> tuple[str, Callable[[bytes], bytes]]:
    """The address of a key, and what signs digests with it: r, s, and v as 27 or 28."""
    if len(key) != 32:
        raise ValueError("A private key is exactly 32 bytes: 64 hexadecimal digits.")
    if not 0 < int.from_bytes(key) < CURVE_ORDER:
        raise ValueError("This number is outside the range of private keys.")
    try:
        import coincurve
    except ImportError:
        return _opened_slowly(bytes(key))
    private = coincurve.PrivateKey(bytes(key))

    def sign(digest: bytes) -> bytes:
        signature = private.sign_recoverable(digest, hasher=None)
        return signature[:64] + (b"\x1c" if signature[64] else b"\x1b")

    return address_of_point(private.public_key.format(compressed=False)[1:]), sign


def _opened_slowly(key: bytes) -> tuple[str, Callable[[bytes], bytes]]:
    from eth_account import Account

    account = Account.from_key(key)
    return str(account.address), lambda digest: bytes(account.unsafe_sign_hash(digest).signature)

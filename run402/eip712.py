"""Hashing what a wallet signs: EIP-191 texts and flat EIP-712 structures, and addresses in EIP-55 spelling.

Only the keccak of ``eth_hash`` is needed, which loads at once; ``eth_account`` takes over half a second to import.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from eth_hash.auto import keccak

TypedDataTypes = Mapping[str, Sequence[Mapping[str, str]]]

_DOMAIN = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_WHOLE = re.compile(r"uint([0-9]+)")
_FIXED = re.compile(r"bytes([0-9]+)")


def text_digest(text: str) -> bytes:
    """What EIP-191's personal_sign signs."""
    content = text.encode("utf-8")
    return keccak(b"\x19Ethereum Signed Message:\n%d" % len(content) + content)


def typed_digest(domain: Mapping[str, Any], types: TypedDataTypes, message: Mapping[str, Any]) -> bytes:
    """What EIP-712 signs, for one structure whose members are plain values.

    Raises ValueError for nested types and for values that do not fit: what is not understood is not signed.
    """
    ((name, members),) = types.items()
    fields = tuple((member["name"], member["type"]) for member in members)
    known = [(member, kind) for member, kind in _DOMAIN if member in domain]
    if len(known) != len(domain):
        raise ValueError("The domain has a member that EIP-712 does not know.")
    try:
        separator = _separator(tuple((member, kind, domain[member]) for member, kind in known))
    except TypeError:  # a value that cannot be a key of the cache is none that a domain has
        raise ValueError("The domain does not fit its type.") from None
    return keccak(b"\x19\x01" + separator + _struct_hash(name, fields, message))


def checksum_address(address: str) -> str:
    """The EIP-55 spelling. Raises ValueError for what is no address."""
    if not _ADDRESS.fullmatch(address):
        raise ValueError("An address is 0x and 40 hexadecimal digits.")
    digits = address[2:].lower()
    nibbles = keccak(digits.encode("ascii")).hex()
    return "0x" + "".join(
        digit.upper() if nibble >= "8" else digit for digit, nibble in zip(digits, nibbles, strict=False)
    )


def address_of_point(point: bytes) -> str:
    """The address of a public key: the 64 bytes of x and y."""
    return checksum_address("0x" + keccak(point)[-20:].hex())


@lru_cache(64)
def _separator(members: tuple[tuple[str, str, Any], ...]) -> bytes:
    fields = tuple((name, kind) for name, kind, _ in members)
    return _struct_hash("EIP712Domain", fields, {name: value for name, _, value in members})


def _struct_hash(name: str, fields: tuple[tuple[str, str], ...], values: Mapping[str, Any]) -> bytes:
    head, encoders = _layout(name, fields)
    if len(values) != len(fields):
        raise ValueError("The message has other members than its type.")
    try:
        return keccak(head + b"".join([encode(values[member]) for member, encode in encoders]))
    except (KeyError, TypeError, OverflowError, AttributeError):
        raise ValueError("The message does not fit its type.") from None


@lru_cache(64)
def _layout(
    name: str, fields: tuple[tuple[str, str], ...]
) -> tuple[bytes, tuple[tuple[str, Callable[[Any], bytes]], ...]]:
    """The hash of the type's text, and how each member becomes 32 bytes."""
    text = f"{name}({','.join(f'{kind} {member}' for member, kind in fields)})"
    return keccak(text.encode("utf-8")), tuple((member, _encoder(kind)) for member, kind in fields)


def _encoder(kind: str) -> Callable[[Any], bytes]:
    if kind in _ENCODERS:
        return _ENCODERS[kind]
    if (whole := _WHOLE.fullmatch(kind)) and int(whole[1]) in range(8, 257, 8):
        return partial(_whole, bits=int(whole[1]))
    if (fixed := _FIXED.fullmatch(kind)) and int(fixed[1]) in range(1, 33):
        return partial(_fixed, size=int(fixed[1]))
    raise ValueError(f"Members of type {kind} are not signed here.")


def _whole(value: Any, *, bits: int) -> bytes:
    if isinstance(value, bool) or value >> bits:
        raise ValueError("A number does not fit its type.")
    return int(value).to_bytes(32)


def _fixed(value: Any, *, size: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != size:
        raise ValueError("Bytes do not have the length of their type.")
    return value.ljust(32, b"\0")


def _address(value: Any) -> bytes:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise ValueError("An address is 0x and 40 hexadecimal digits.")
    return bytes.fromhex(value[2:]).rjust(32, b"\0")


def _truth(value: Any) -> bytes:
    if not isinstance(value, bool):
        raise ValueError("A truth is neither yes nor no.")
    return int(value).to_bytes(32)


_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "address": _address,
    "bool": _truth,
    "bytes": lambda value: keccak(bytes(memoryview(value))),
    "string": lambda value: keccak(value.encode("utf-8")),
}

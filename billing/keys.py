"""Reading what a person pastes as a wallet key: 64 hex digits, the CLI's allowance.json (contract: identity 2.1), or a
keystore with its password.

Only the shape is judged here. Whether the number is a key at all, and whose, the worker says: web derives nothing, and
opens no keystore.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.errors import Refusal
from wallets import keystores

MAX_CHARACTERS = 20_000
_KEY = re.compile(r"(?:0[xX])?([0-9a-fA-F]{64})")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@dataclass(frozen=True)
class KeyText:
    """What is sealed for the worker: a key, or a keystore with its password; `address` is what its file claims."""

    secret: bytes = field(repr=False)
    address: str = ""
    in_keystore: bool = False


def read_key(text: str, password: str = "", *, rail: str = "x402") -> KeyText:
    """Return the key in a pasted text or file. Raises ValidationError; no message repeats what was typed."""
    text = text.strip().removeprefix("\ufeff").strip()
    if len(text) > MAX_CHARACTERS:
        raise ValidationError(_("This is too long for a key or an allowance file."), code="too_long")
    return _from_file(text, password, rail) if text.startswith(("{", "[")) else KeyText(_bytes(text))


def read_address(text: str) -> str:
    """Return an address as it was typed, without spaces around it. Raises ValidationError."""
    if not _ADDRESS.fullmatch(text.strip()):
        raise ValidationError(_("An address is 0x and 40 hexadecimal digits."), code="address")
    return text.strip()


def _from_file(text: str, password: str, rail: str) -> KeyText:
    document = _json(text)
    if keystores.looks_like_one(document):
        return _from_keystore(document, password)
    if not isinstance(document, dict) or not isinstance(document.get("privateKey"), str):
        raise ValidationError(
            _("An allowance file has the fields “address” and “privateKey”."), code="fields"
        )
    if document.get("rail", "x402") not in ("x402", None, rail):
        raise ValidationError(
            _(
                "This allowance pays by MPP, and here it would pay by x402. To let the same key do that, paste the key "
                "alone."
            ),
            code="rail",
        )
    return KeyText(_bytes(document["privateKey"]), _address(document.get("address")))


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        raise ValidationError(
            _("This looks like an allowance file, but it is no valid JSON."), code="json"
        ) from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a file that says a thing twice: readers differ about which one counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field stands there twice")
    return found


def _from_keystore(document: dict[str, Any], password: str) -> KeyText:
    try:
        keystores.check(document)
    except Refusal as refusal:
        raise ValidationError(refusal.fault.message, code=refusal.fault.code) from None
    if not 0 < len(password) <= keystores.MOST_PASSWORD:
        raise ValidationError({"password": _("Type the password of this keystore.")}, code="password")
    claimed = document.get("address")
    address = _address(f"0x{str(claimed).removeprefix('0x')}") if claimed else ""
    return KeyText(keystores.packed(document, password), address, in_keystore=True)


def _bytes(text: str) -> bytes:
    match = _KEY.fullmatch("".join(text.split()))
    if match is None:
        raise ValidationError(
            _("A private key is 64 hexadecimal digits, with or without 0x before."), code="shape"
        )
    return bytes.fromhex(match[1])


def _address(value: Any) -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value.strip()):
        raise ValidationError(
            _("The “address” in this file is not 0x and 40 hexadecimal digits."), code="address"
        )
    return value.strip()

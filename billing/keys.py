"""Reading what a person pastes as a wallet key: 64 hex digits, or the CLI's allowance.json (contract: identity 2.1).

Only the shape is judged here. Whether the number is a key at all, and whose, the worker says: web derives nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_CHARACTERS = 20_000
_KEY = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@dataclass(frozen=True)
class KeyText:
    """A key on its way to the seal, and the address that its file claims for it ("" when none was given)."""

    key: bytes = field(repr=False)
    address: str = ""


def read_key(text: str) -> KeyText:
    """Return the key in a pasted text or file. Raises ValidationError; no message repeats what was typed."""
    text = text.strip().removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        raise ValidationError(_("This is too long for a key or an allowance file."), code="too_long")
    return _from_file(text) if text.startswith(("{", "[")) else KeyText(_bytes(text))


def _from_file(text: str) -> KeyText:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise ValidationError(
            _("This looks like an allowance file, but it is no valid JSON."), code="json"
        ) from None
    if not isinstance(document, dict) or not isinstance(document.get("privateKey"), str):
        raise ValidationError(
            _("An allowance file has the fields “address” and “privateKey”."), code="fields"
        )
    if document.get("rail") == "mpp":
        raise ValidationError(
            _("This allowance pays by MPP. The panel signs x402 payments only."), code="rail"
        )
    return KeyText(_bytes(document["privateKey"]), _address(document.get("address")))


def _bytes(text: str) -> bytes:
    match = _KEY.fullmatch(text)
    if match is None:
        raise ValidationError(
            _("A private key is 64 hexadecimal digits, with or without 0x before."), code="shape"
        )
    return bytes.fromhex(match[1])


def _address(value: Any) -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise ValidationError(
            _("The “address” in this file is not 0x and 40 hexadecimal digits."), code="address"
        )
    return value

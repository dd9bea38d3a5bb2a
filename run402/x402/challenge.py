"""Reading what a server asks for (PAYMENT-REQUIRED) and what it says it settled (PAYMENT-RESPONSE)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from run402 import jsontext
from run402.errors import PaymentRefused

# The challenge comes back to the server inside a request header, where servers allow little.
MAX_CHALLENGE_CHARACTERS = 16 * 1024
VERSION = 2


@dataclass(frozen=True)
class Challenge:
    """An x402 v2 challenge. ``accepts`` holds the requirements exactly as the server wrote them.

    >>> Challenge({"x402Version": 2, "accepts": [], "resource": {"url": "https://a.example/x"}}).resource_url
    'https://a.example/x'
    """

    raw: Mapping[str, Any] = field(repr=False)

    @property
    def accepts(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(item for item in self.raw["accepts"] if isinstance(item, Mapping))

    @property
    def resource_url(self) -> Any:
        """The address the challenge says it is for; None when it says nothing. Not necessarily a text."""
        resource = self.raw.get("resource")
        return resource.get("url") if isinstance(resource, Mapping) else resource

    def require_same_resource(self, asked_url: str) -> None:
        """Refuse a challenge for another host or path than was asked (wire README, decision 3)."""
        given = self.resource_url
        if given is not None and _place(given) != _place(asked_url):
            raise PaymentRefused(
                "The gateway asks to be paid for another address than we called, so nothing was signed.",
                details={"reasons": ["resource"], "asked": asked_url, "named": str(given)[:500]},
                mutation_state="not_started",
            )


def parse_challenge(headers: Mapping[str, str], content: bytes) -> Challenge | None:
    """The challenge of a 402, from its header or, without one, its body; None when none is readable."""
    header = headers.get("payment-required")
    if header is None:
        return _challenge(content) if len(content) <= MAX_CHALLENGE_CHARACTERS else None
    decoded = decode_base64(header) if len(header) <= MAX_CHALLENGE_CHARACTERS else None
    return _challenge(decoded) if decoded is not None else None


def parse_receipt(headers: Mapping[str, str]) -> dict[str, Any] | None:
    """The settlement receipt, or None when there is none or it cannot be read (contract: identity 3.6)."""
    header = headers.get("payment-response") or headers.get("x-payment-response")
    if header is None or len(header) > MAX_CHALLENGE_CHARACTERS:
        return None
    decoded = decode_base64(header)
    return _document(decoded) if decoded is not None else None


def decode_base64(value: str) -> bytes | None:
    """Standard or URL-safe base64, padded or not (servers have sent all four); None for anything else."""
    compact = value.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _challenge(content: bytes) -> Challenge | None:
    doc = _document(content)
    if doc is None or doc.get("x402Version") != VERSION or not isinstance(doc.get("accepts"), list):
        return None
    return Challenge(doc)


def _document(content: bytes) -> dict[str, Any] | None:
    try:
        doc = jsontext.loads(content)
    except ValueError:
        return None
    return doc if isinstance(doc, dict) else None


def _place(url: Any) -> tuple[str, str] | None:
    """Host and path. The port is left out: behind a proxy a server may not know the one we used."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return (parts.hostname, parts.path or "/") if parts and parts.hostname else None
    except ValueError:
        return None

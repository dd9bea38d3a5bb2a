"""The ``SIGN-IN-WITH-X`` header: a wallet signs a short EIP-4361 text (contract: identity 2.4).

The client chooses the nonce; there is no challenge from the server. A fresh header is made for every request,
since it is bound to that request's URL and a server may remember nonces.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from run402 import jsontext
from run402.signers import Signer

HEADER = "SIGN-IN-WITH-X"
STATEMENT = "Sign in to Run402"
CHAIN_ID = "eip155:84532"  # always Base Sepolia, also for wallets that pay on mainnet
LIFETIME = timedelta(minutes=5)
BACKDATE = timedelta(seconds=2)  # verifiers grant no tolerance for an issuedAt that lies in their future


def header(signer: Signer, url: str, *, issued_at: datetime, nonce: str | None = None) -> str:
    """The header's value for one request to ``url`` (its query included).

    ``issued_at`` is taken as it is: back-date it by ``BACKDATE``. ``nonce`` is 32 hex digits, random when
    omitted. Raises ValueError when the URL holds characters that do not belong into a signed text.
    """
    fields = proof(signer.address, url, issued_at=issued_at, nonce=nonce or secrets.token_hex(16))
    fields["signature"] = "0x" + signer.sign_message(message(fields)).hex()
    return base64.b64encode(jsontext.dumps(fields)).decode("ascii")


def proof(address: str, url: str, *, issued_at: datetime, nonce: str) -> dict[str, str]:
    """The fields that are signed, in the order in which they are sent."""
    if not url.isascii() or not url.isprintable():
        raise ValueError("The address to sign in to has characters that do not belong into a URL.")
    return {
        "domain": _host(url),
        "address": address,
        "statement": STATEMENT,
        "uri": url,
        "version": "1",
        "chainId": CHAIN_ID,
        "type": "eip191",
        "nonce": nonce,
        "issuedAt": timestamp(issued_at),
        "expirationTime": timestamp(issued_at + LIFETIME),
    }


def message(fields: Mapping[str, str]) -> str:
    """The EIP-4361 text of the proof: lines joined by a single line feed, none at the end."""
    return "\n".join(
        (
            f"{fields['domain']} wants you to sign in with your Ethereum account:",
            fields["address"],
            "",
            fields["statement"],
            "",
            f"URI: {fields['uri']}",
            f"Version: {fields['version']}",
            f"Chain ID: {fields['chainId'].removeprefix('eip155:')}",
            f"Nonce: {fields['nonce']}",
            f"Issued At: {fields['issuedAt']}",
            f"Expiration Time: {fields['expirationTime']}",
        )
    )


def timestamp(when: datetime) -> str:
    """As JavaScript's ``toISOString``: UTC, exactly three digits of a second, ``Z``."""
    utc = when.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def _host(url: str) -> str:
    """The host name without its port; an IPv6 address keeps its brackets, as in JavaScript."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host

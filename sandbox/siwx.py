"""Check a SIGN-IN-WITH-X header: decode, rebuild the EIP-4361 text, recover the signer (identity 2.4, 2.5)."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from sandbox.chain import checksum, is_address, signer_of_text
from sandbox.clock import parse_iso

STATEMENT = "Sign in to Run402"
CHAINS = ("eip155:84532", "eip155:8453")
FUTURE_SECONDS = 5
LONGEST_SECONDS = 600
_TEXT_FIELDS = ("domain", "address", "uri", "version", "chainId", "type", "nonce", "issuedAt", "signature")


class BadProof(Exception):
    """The header does not prove a wallet. The text says why, without repeating the signature."""


@dataclass(frozen=True)
class Proof:
    """What a wallet signed. `address` is EIP-55; `expires_at` is in unix seconds."""

    address: str
    nonce: str
    uri: str
    expires_at: float


def verify(header: str, *, host: str, path: str, query: str = "", now: float) -> Proof:
    """Check everything but the reuse of the nonce, which needs the store.

    Arguments: `host` as in the Host header, with its port; `now` in unix seconds.
    Raises BadProof.
    """
    fields = _decode(header)
    _check_literals(fields)
    _check_place(fields, urlsplit(f"//{host}"), path, query)
    expires_at = _check_time(fields, now)
    _check_signature(fields)
    return Proof(fields["address"], fields["nonce"], fields["uri"], expires_at)


def _decode(header: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.b64decode(header, validate=True))
    except ValueError as error:
        raise BadProof("the header is not base64 of JSON") from error
    if not isinstance(value, dict):
        raise BadProof("the header is not a JSON object")
    for name in _TEXT_FIELDS:
        if not isinstance(value.get(name), str):
            raise BadProof(f"'{name}' is missing or is no text")
    return value


def _check_literals(fields: dict[str, Any]) -> None:
    if not is_address(fields["address"]) or checksum(fields["address"]) != fields["address"]:
        raise BadProof("'address' is no EIP-55 address")
    if fields.get("statement") != STATEMENT:
        raise BadProof("'statement' is missing or another one")
    if fields["version"] != "1" or fields["type"] != "eip191" or fields["chainId"] not in CHAINS:
        raise BadProof("'version', 'type' or 'chainId' is not supported")
    if not re.fullmatch(r"[0-9a-zA-Z]{8,64}", fields["nonce"]):
        raise BadProof("'nonce' must have 8 to 64 letters and digits")


def _check_place(fields: dict[str, Any], asked: SplitResult, path: str, query: str) -> None:
    if fields["domain"] not in (asked.hostname, asked.netloc):
        raise BadProof(f"'domain' is '{fields['domain']}', but this is '{asked.hostname}'")
    signed = urlsplit(fields["uri"])
    if signed.scheme not in ("http", "https") or signed.netloc not in (asked.netloc, asked.hostname):
        raise BadProof("'uri' names another host")
    if signed.path != path:
        raise BadProof(f"'uri' is for the path '{signed.path}'")
    if signed.query not in ("", query):  # the SDK signs the query as well, other clients the path alone
        raise BadProof("'uri' has another query")


def _check_time(fields: dict[str, Any], now: float) -> float:
    """Returns the moment the proof ends: its own expiry, at most ten minutes after it was issued."""
    try:
        issued = parse_iso(fields["issuedAt"])
        expires = (
            parse_iso(fields["expirationTime"]) if "expirationTime" in fields else issued + LONGEST_SECONDS
        )
    except (ValueError, TypeError) as error:
        raise BadProof("'issuedAt' or 'expirationTime' is no UTC time") from error
    if issued > now + FUTURE_SECONDS:
        raise BadProof("'issuedAt' lies in the future: check the clock")
    expires = min(expires, issued + LONGEST_SECONDS)
    if expires <= now:
        raise BadProof("the proof has expired: check the clock")
    return expires


def _check_signature(fields: dict[str, Any]) -> None:
    try:
        signer = signer_of_text(_message(fields), fields["signature"])
    except (ValueError, BadSignature, ValidationError) as error:
        raise BadProof("the signature is malformed") from error
    if signer != fields["address"]:
        raise BadProof("the signature is by another key")


def _message(fields: dict[str, Any]) -> str:
    """The EIP-4361 text; its fixed words are protocol literals."""
    lines = [
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
    ]
    if "expirationTime" in fields:
        lines.append(f"Expiration Time: {fields['expirationTime']}")
    resources = fields.get("resources")
    if isinstance(resources, list):
        lines += ["Resources:", *(f"- {resource}" for resource in resources)]
    return "\n".join(lines)

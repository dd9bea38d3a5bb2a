"""The seller's half of x402 v2: write the challenge, read and verify a payment (identity 3.3 to 3.6)."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from sandbox.chain import (
    ASSETS,
    MAINNET_USDC,
    PAY_TO,
    SEPOLIA_USDC,
    Asset,
    checksum,
    is_address,
    signer_of_transfer,
)
from sandbox.clock import iso
from sandbox.siwx import STATEMENT

MAX_TIMEOUT_SECONDS = 300
SETTLE_SECONDS = 6
_ECHOED = ("scheme", "network", "asset", "amount", "payTo")
_INVALID = "invalid_exact_evm_payload"


class Refused(Exception):
    """A payment that will not be settled. `reason` is the facilitator's word for it; nothing moved."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Payment:
    """A verified authorization. Amounts are USDC micros; addresses are EIP-55."""

    payer: str
    payee: str
    micros: int
    nonce: str
    asset: Asset


def encode(value: Any) -> str:
    """Standard padded base64 of compact UTF-8 JSON, as all x402 headers carry it."""
    return base64.b64encode(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()).decode()


def requirements(micros: int, seconds: int = MAX_TIMEOUT_SECONDS) -> list[dict[str, Any]]:
    """What may be paid: mainnet first, then the test network, as the captured challenge has it."""
    return [
        {
            "scheme": "exact",
            "network": asset.network,
            "amount": str(micros),
            "asset": asset.address,
            "payTo": PAY_TO,
            "maxTimeoutSeconds": seconds,
            "extra": {"name": asset.name, "version": asset.version},
        }
        for asset in (MAINNET_USDC, SEPOLIA_USDC)
    ]


def challenge(
    *, url: str, description: str, micros: int, seconds: int, now: float, sample: dict[str, Any], error: str
) -> dict[str, Any]:
    """The PaymentRequired object: a payment holds for `seconds`; `sample` is what a bazaar would show as the answer."""
    return {
        "x402Version": 2,
        "error": error,
        "resource": {"url": url, "description": description, "mimeType": "application/json"},
        "accepts": requirements(micros, seconds),
        "extensions": {"bazaar": _bazaar(sample), "sign-in-with-x": _sign_in(url, now)},
    }


def _bazaar(sample: dict[str, Any]) -> dict[str, Any]:
    return {
        "info": {
            "input": {"type": "http", "method": "POST"},
            "output": {"type": "json", "example": sample},
        }
    }


def _sign_in(url: str, now: float) -> dict[str, Any]:
    host = url.split("//", 1)[1].split("/", 1)[0].rsplit(":", 1)[0]
    texts = ("domain", "uri", "statement", "version", "nonce", "issuedAt")
    return {
        "info": {
            "domain": host,
            "uri": url,
            "statement": STATEMENT,
            "version": "1",
            "nonce": secrets.token_hex(16),
            "issuedAt": iso(now),
            "resources": [url],
        },
        "supportedChains": [
            {"chainId": asset.network, "type": "eip191"} for asset in (MAINNET_USDC, SEPOLIA_USDC)
        ],
        "schema": {"type": "object", "properties": {name: {"type": "string"} for name in texts}},
    }


def verify(header: str, *, micros: int, now: float) -> Payment:
    """Check a PAYMENT-SIGNATURE header against what was offered (identity 3.5), all but nonce and balance.

    Arguments: `micros` is the price that was asked; `now` is in unix seconds.
    Raises Refused.
    """
    payload = _decode(header)
    asset = _matched(payload.get("accepted"), micros)
    authorization, signature = _parts(payload)
    _check_signer(asset, authorization, signature)
    _check_terms(authorization, micros, now)
    return Payment(
        payer=checksum(authorization["from"]),
        payee=checksum(authorization["to"]),
        micros=authorization["value"],
        nonce=authorization["nonce"].lower(),
        asset=asset,
    )


def _decode(header: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.b64decode(header, validate=True))
    except ValueError as error:
        raise Refused("invalid_payload") from error
    if not isinstance(value, dict):
        raise Refused("invalid_payload")
    if value.get("x402Version") != 2:
        raise Refused("invalid_x402_version")
    return value


def _matched(accepted: object, micros: int) -> Asset:
    """The asset of the offered requirement that the payer says it accepted."""
    if isinstance(accepted, dict):
        for offer in requirements(micros):
            if all(accepted.get(name) == offer[name] for name in _ECHOED):
                return ASSETS[offer["network"]]
    raise Refused("no_matching_requirement")


def _parts(payload: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The authorization with its numbers as integers, and the signature."""
    body = payload.get("payload")
    raw = body.get("authorization") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(raw, dict) or not isinstance(body.get("signature"), str):
        raise Refused(_INVALID)
    if not (is_address(raw.get("from")) and is_address(raw.get("to"))):
        raise Refused(_INVALID)
    if not re.fullmatch(r"0x[0-9a-fA-F]{64}", str(raw.get("nonce"))):
        raise Refused(_INVALID)
    numbers = {name: _uint(raw.get(name)) for name in ("value", "validAfter", "validBefore")}
    return {"from": raw["from"], "to": raw["to"], **numbers, "nonce": raw["nonce"]}, body["signature"]


def _uint(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,78}", value):
        raise Refused(_INVALID)
    return int(value)


def _check_signer(asset: Asset, authorization: dict[str, Any], signature: str) -> None:
    try:
        signer = signer_of_transfer(asset, authorization, signature)
    except (ValueError, BadSignature, ValidationError) as error:
        raise Refused(f"{_INVALID}_signature") from error
    if signer.lower() != authorization["from"].lower():
        raise Refused(f"{_INVALID}_signature")


def _check_terms(authorization: dict[str, Any], micros: int, now: float) -> None:
    if authorization["to"].lower() != PAY_TO.lower():
        raise Refused(f"{_INVALID}_recipient_mismatch")
    if authorization["validBefore"] < now + SETTLE_SECONDS:
        raise Refused(f"{_INVALID}_authorization_valid_before")
    if authorization["validAfter"] > now:
        raise Refused(f"{_INVALID}_authorization_valid_after")
    if authorization["value"] != micros:
        raise Refused(f"{_INVALID}_authorization_value_mismatch")

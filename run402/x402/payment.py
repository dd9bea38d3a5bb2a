"""Signing one payment (contract: identity 3.4; key order as the official TypeScript client writes it)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from run402 import jsontext
from run402.eip712 import checksum_address
from run402.signers import Signer
from run402.x402.assets import USDC
from run402.x402.challenge import VERSION, Challenge
from run402.x402.policy import network_of, problems, refusal

HEADER = "PAYMENT-SIGNATURE"
TRANSFER_TYPES = {
    "TransferWithAuthorization": [
        {"name": "from", "type": "address"},
        {"name": "to", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "validAfter", "type": "uint256"},
        {"name": "validBefore", "type": "uint256"},
        {"name": "nonce", "type": "bytes32"},
    ]
}


@dataclass(frozen=True)
class SignedPayment:
    """An authorization that was signed. Whoever holds ``header`` can have it settled until ``valid_before``.

    Times are unix seconds; ``nonce`` is ``0x`` and 64 hex digits; addresses are EIP-55.

    >>> SignedPayment("secret", "0x00", 1, 0, 100000, "eip155:84532", "0xA", "0xB", "0xC", {}).amount_micros
    100000
    """

    header: str = field(repr=False)
    nonce: str
    valid_before: int
    valid_after: int
    amount_micros: int
    network: str
    asset: str
    payee: str
    payer: str
    requirement: dict[str, Any] = field(repr=False)

    def to_json(self) -> str:
        """Everything, the header included: to be sealed before it is stored."""
        return jsontext.dumps(asdict(self)).decode("utf-8")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The payment that ``to_json`` wrote. Raises ValueError for anything else."""
        doc = jsontext.loads(text.encode("utf-8"))
        if not isinstance(doc, dict) or set(doc) != {each.name for each in fields(cls)}:
            raise ValueError("This is not a stored payment.")
        return cls(**doc)


def sign(
    signer: Signer,
    challenge: Challenge,
    requirement: Mapping[str, Any],
    *,
    now: int,
    nonce: bytes | None = None,
    valid_after: int = 0,
) -> SignedPayment:
    """Sign a payment of ``requirement``, valid until ``now`` plus the requirement's own lifetime.

    Raises PaymentRefused when the requirement is one that must never be signed (see ``policy.problems``).
    ``nonce`` is 32 random bytes when omitted.
    """
    objections = problems(requirement)
    if objections:
        raise refusal([f"{network_of(requirement)}: {', '.join(objections)}"])
    authorization = _authorization(signer, requirement, now, nonce or secrets.token_bytes(32), valid_after)
    signature = signer.sign_typed_data(
        USDC[requirement["network"]].domain, TRANSFER_TYPES, _typed(authorization)
    )
    return SignedPayment(
        header=_header(challenge, requirement, authorization, signature),
        nonce=authorization["nonce"],
        valid_before=int(authorization["validBefore"]),
        valid_after=valid_after,
        amount_micros=int(requirement["amount"]),
        network=requirement["network"],
        asset=USDC[requirement["network"]].address,
        payee=authorization["to"],
        payer=authorization["from"],
        requirement=dict(requirement),
    )


def _authorization(
    signer: Signer, requirement: Mapping[str, Any], now: int, nonce: bytes, valid_after: int
) -> dict[str, str]:
    return {
        "from": signer.address,
        "to": checksum_address(requirement["payTo"]),
        "value": requirement["amount"],
        "validAfter": str(valid_after),
        "validBefore": str(now + requirement["maxTimeoutSeconds"]),
        "nonce": "0x" + nonce.hex(),
    }


def _typed(authorization: Mapping[str, str]) -> dict[str, Any]:
    """The same authorization as EIP-712 wants it: numbers as numbers, the nonce as bytes."""
    numbers = {name: int(authorization[name]) for name in ("value", "validAfter", "validBefore")}
    return {**authorization, **numbers, "nonce": bytes.fromhex(authorization["nonce"][2:])}


def _header(
    challenge: Challenge, requirement: Mapping[str, Any], authorization: Mapping[str, str], signature: bytes
) -> str:
    payload: dict[str, Any] = {
        "x402Version": VERSION,
        "payload": {"authorization": authorization, "signature": "0x" + signature.hex()},
    }
    payload.update({key: challenge.raw[key] for key in ("extensions", "resource") if key in challenge.raw})
    payload["accepted"] = requirement
    return base64.b64encode(jsontext.dumps(payload)).decode("ascii")

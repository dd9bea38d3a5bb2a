"""Part of 2: payment headers byte-equal with those of the published client, for the same challenge, nonce and time."""

from __future__ import annotations

import random
import secrets
from typing import Any

from run402 import LocalSigner, x402
from run402.signers import CURVE_ORDER
from run402.x402 import TESTNET, USDC
from run402.x402.payment import sign
from tests.conformance.kit import Kit
from tests.conformance.report import Report

INPUTS = 50
MOST_MICROS = 1_000_000  # more is refused by the published client's default


def conform(report: Report, kit: Kit) -> None:
    seed = secrets.randbits(32)
    report.part(f"Payment headers: {INPUTS} random challenges, keys, nonces and times (seed {seed})")
    inputs = [_input(random.Random(f"{seed}/{number}")) for number in range(INPUTS)]
    theirs = kit.run("payer.mjs", inputs)
    wrong = [each for each, header in zip(inputs, theirs, strict=True) if header != _ours(each)]
    detail = {name: value for name, value in wrong[0].items() if name != "key"} if wrong else ""
    report.check(f"{INPUTS} headers byte-equal with @x402/core and @x402/evm", not wrong, detail)


def _input(dice: random.Random) -> dict[str, Any]:
    return {
        "key": "0x" + dice.randrange(1, CURVE_ORDER).to_bytes(32).hex(),
        "nonce": dice.randbytes(32).hex(),
        "now": dice.randrange(1_700_000_000, 2_000_000_000),
        "challenge": _challenge(dice),
    }


def _challenge(dice: random.Random) -> dict[str, Any]:
    """With fields that the standard does not know: they have to come back as they are."""
    asset = USDC[TESTNET]
    payee = "0x" + dice.randbytes(20).hex()
    requirement: dict[str, Any] = {
        "scheme": "exact",
        "network": TESTNET,
        "amount": str(dice.randrange(1, MOST_MICROS)),
        "asset": asset.address,
        "payTo": payee,
        "maxTimeoutSeconds": dice.randrange(10, 300),
        "extra": {"name": asset.name, "version": asset.version},
    }
    if dice.random() < 0.5:
        requirement["description"] = "Tier – prototype é"
    challenge: dict[str, Any] = {"x402Version": 2, "accepts": [requirement]}
    if dice.random() < 0.7:
        challenge["resource"] = {"url": "https://api.run402.com/tiers/v1/prototype", "description": "Tier é"}
    if dice.random() < 0.7:
        challenge["extensions"] = {"note": {"info": {"b": 1, "a": [True, None]}}}
    return challenge


def _ours(each: dict[str, Any]) -> str:
    signer = LocalSigner(bytes.fromhex(each["key"][2:]))
    challenge = x402.Challenge(each["challenge"])
    requirement = challenge.accepts[0]
    return sign(signer, challenge, requirement, now=each["now"], nonce=bytes.fromhex(each["nonce"])).header

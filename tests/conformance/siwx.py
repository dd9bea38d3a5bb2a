"""Part 1: the SIGN-IN-WITH-X header against the official client and three verifiers nobody here wrote."""

from __future__ import annotations

import random
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from run402 import LocalSigner, siwx
from run402.signers import CURVE_ORDER
from tests.conformance.kit import Kit
from tests.conformance.report import Report

INPUTS = 200
HOSTS = (
    "https://api.run402.com",
    "http://127.0.0.1:8402",
    "http://sandbox.localhost:9",
    "https://a-b.example",
)
PATHS = (
    "/tiers/v1/status",
    "/projects/v1",
    "/apply/v1/plans?dry_run=true",
    "/wallets/v1/0xabc/projects?limit=5&cursor=a%2Fb",
)
EPOCH = datetime(2024, 2, 29, tzinfo=UTC)


def conform(report: Report, kit: Kit) -> None:
    seed = secrets.randbits(32)
    report.part(f"SIWX: {INPUTS} random keys, addresses, nonces and times (seed {seed})")
    inputs = [_input(random.Random(f"{seed}/{number}")) for number in range(INPUTS)]
    verdicts = kit.run("siwx.mjs", inputs)
    for name, sentence in CLAIMS.items():
        wrong = [
            each for each, verdict in zip(inputs, verdicts, strict=True) if verdict.get(name) is not True
        ]
        detail = [{**_public(each), "verdict": verdicts[inputs.index(each)].get(name)} for each in wrong[:2]]
        report.check(sentence, not wrong, f"{len(wrong)} of {INPUTS}: {detail}" if wrong else "")
    report.equal("headers are all different", len({each["header"] for each in inputs}), INPUTS)


CLAIMS = {
    "sdk": f"{INPUTS} headers byte-equal with @run402/sdk buildSIWxAuthHeaders",
    "text": f"{INPUTS} signed texts byte-equal with @run402/sdk formatSIWEMessage",
    "siwe": f"{INPUTS} headers accepted by siwe",
    "viem_text": f"{INPUTS} signed texts byte-equal with viem createSiweMessage",
    "viem": f"{INPUTS} signatures accepted by viem verifyMessage",
    "x402": f"{INPUTS} headers accepted by @x402/extensions verifySIWxSignature",
    "siwe_tampered": f"{INPUTS} headers with another nonce refused by siwe",
    "siwe_late": f"{INPUTS} headers refused by siwe after their five minutes",
}


def _input(dice: random.Random) -> dict[str, Any]:
    key = dice.randrange(1, CURVE_ORDER).to_bytes(32)
    url = dice.choice(HOSTS) + dice.choice(PATHS)
    issued_at = EPOCH + timedelta(microseconds=dice.randrange(5 * 366 * 86_400 * 1_000_000))
    nonce = dice.randbytes(16).hex()
    signer = LocalSigner(key)
    fields = siwx.proof(signer.address, url, issued_at=issued_at, nonce=nonce)
    return {
        "key": "0x" + key.hex(),
        "fields": fields,
        "text": siwx.message(fields),
        "header": siwx.header(signer, url, issued_at=issued_at, nonce=nonce),
    }


def _public(each: dict[str, Any]) -> dict[str, Any]:
    return {"fields": each["fields"]}

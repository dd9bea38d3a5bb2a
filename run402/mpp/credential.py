"""Making one credential with ``pympp``, and holding what it signed against what the policy chose.

The only module that imports the extra, and it does so when a credential is made.
"""

from __future__ import annotations

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from run402 import errors
from run402.mpp.charge import Charge, SignedCharge
from run402.mpp.policy import CapPolicy, refusal
from run402.mpp.tempo import ATTO_PER_MICRO

TRANSFER_WITH_MEMO = bytes.fromhex("95777d59")
TRANSACTION_TYPE = 0x76
MAX_LIFETIME_SECONDS = 300
# Where the signed transaction has what (its type byte is followed by one list).
_CHAIN, _MAX_FEE, _GAS, _CALLS, _VALID_BEFORE = 0, 2, 3, 4, 8


class ExtraMissing(errors.Run402Error):
    """Paying by MPP needs packages that are not installed; nothing was signed."""

    default_code = "EXTRA_MISSING"


@dataclass(frozen=True)
class _Transfer:
    """What a signed transaction would do."""

    chain_id: int
    max_fee_micros: int
    valid_before: int
    to: bytes
    value: int
    data: bytes


def require_extra() -> None:
    """Raises ExtraMissing when no credential can be made here."""
    _imported("mpp.methods.tempo.client", "pytempo", "rlp")


def sign(key: bytes, charge: Charge, policy: CapPolicy, *, rpc_url: str, now: float) -> SignedCharge:
    """Sign the transfer that ``charge`` asks for.

    Raises ExtraMissing, and PaymentRefused when it cannot be made or when what was made is not exactly what
    ``policy`` allows; a credential that was made then is thrown away.
    """
    client, account, library = _imported("mpp.methods.tempo.client", "mpp.methods.tempo.account", "mpp")
    payer = account.TempoAccount.from_key("0x" + key.hex())
    method = client.charge(
        account=payer,
        rpc_url=rpc_url,
        chain_id=policy.chain_id,
        currency=policy.currency,
        max_atomic_amount=policy.max_micros,
        expected_recipients=[charge.request["recipient"]],
        allowed_chain_ids=[policy.chain_id],
    )
    credential = _made(library, client, method, charge)
    return _checked(credential, charge, policy, payer=str(payer.address), now=now)


def _made(library: Any, client: Any, method: Any, charge: Charge) -> str:
    """The credential, ready to be a header. Reads the gas price from the provider."""

    async def create() -> str:
        challenge = library.Challenge.from_www_authenticate(charge.text)
        return str(await method.create_credential(library.CredentialParams(challenge=challenge)))

    known = (
        httpx.HTTPError,
        ValueError,
        KeyError,
        RuntimeError,
        client.TransactionError,
        library.ParseError,
        library.PaymentError,
    )
    try:
        with ThreadPoolExecutor(1) as thread:  # where no event loop can be running already
            return thread.submit(lambda: asyncio.run(create())).result()
    except known as error:
        raise _not_made(type(error).__name__) from error


def _checked(credential: str, charge: Charge, policy: CapPolicy, *, payer: str, now: float) -> SignedCharge:
    library, hashing = _imported("mpp", "eth_hash.auto")
    read = library.Credential.from_authorization(credential)
    raw = bytes.fromhex(str(read.payload["signature"]).removeprefix("0x"))
    made = _transfer(raw)
    amount, recipient = charge.amount_micros or 0, str(charge.request["recipient"])
    checks = {
        "challenge": (read.challenge.id, read.challenge.request)
        == (charge.parameters.get("id"), charge.parameters.get("request")),
        "chain": made.chain_id == policy.chain_id,
        "currency": made.to == _bytes(policy.currency) and made.value == 0,
        "transfer": made.data[:68] == TRANSFER_WITH_MEMO + _word(_bytes(recipient)) + amount.to_bytes(32),
        "fee": made.max_fee_micros <= policy.max_fee_micros,
        "lifetime": now < made.valid_before <= now + MAX_LIFETIME_SECONDS,
    }
    if not all(checks.values()):
        raise refusal([f"signed: {name}" for name, fine in checks.items() if not fine])
    return SignedCharge(
        credential=credential,
        header=charge.header,
        transaction_hash="0x" + bytes(hashing.keccak(raw)).hex(),
        valid_before=made.valid_before,
        amount_micros=amount,
        max_fee_micros=made.max_fee_micros,
        chain_id=made.chain_id,
        currency=policy.currency,
        recipient=recipient,
        payer=payer,
        challenge_id=charge.parameters["id"],
    )


def _transfer(raw: bytes) -> _Transfer:
    (rlp,) = _imported("rlp")
    if raw[:1] != bytes([TRANSACTION_TYPE]):
        raise _not_made("it is another kind of transaction")
    parts = rlp.decode(raw[1:])
    if len(parts[_CALLS]) != 1:
        raise _not_made("it makes more than one call")
    to, value, data = parts[_CALLS][0]
    fee = int.from_bytes(parts[_GAS]) * int.from_bytes(parts[_MAX_FEE])
    return _Transfer(
        chain_id=int.from_bytes(parts[_CHAIN]),
        max_fee_micros=-(-fee // ATTO_PER_MICRO),
        valid_before=int.from_bytes(parts[_VALID_BEFORE]),
        to=bytes(to),
        value=int.from_bytes(value),
        data=bytes(data),
    )


def _imported(*names: str) -> list[Any]:
    try:
        return [importlib.import_module(name) for name in names]
    except ImportError as error:
        raise ExtraMissing(
            "Paying by MPP needs the extra packages of requirements-mpp.txt: pip install -r requirements-mpp.txt "
            "(pympp[tempo]).",
            mutation_state="not_started",
            details={"missing": error.name, "requirements": "requirements-mpp.txt"},
        ) from error


def _not_made(reason: str) -> errors.PaymentRefused:
    return errors.PaymentRefused(
        "The payment could not be made, so nothing was sent.",
        details={"reasons": [reason]},
        mutation_state="not_started",
    )


def _bytes(address: str) -> bytes:
    return bytes.fromhex(address[2:])


def _word(address: bytes) -> bytes:
    return address.rjust(32, b"\0")

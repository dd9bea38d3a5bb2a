"""Payment headers to judge: one that is good, and the ways in which one can be bad. All made by our client."""

from __future__ import annotations

import base64
import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from run402 import LocalSigner, x402
from run402.x402 import MAINNET, TESTNET
from run402.x402.payment import sign

Payload = dict[str, Any]
OTHER_PAYEE = "0x000000000000000000000000000000000000dEaD"


@dataclass(frozen=True)
class Case:
    """A header and what every verifier must say about it. `poor` says that the payer holds nothing."""

    name: str
    header: str = field(repr=False)
    payer: str
    good: bool = False
    nonce: str = ""
    valid_before: int = 0

    @property
    def payload(self) -> Payload:
        return decoded(self.header)


def decoded(header: str) -> Payload:
    document: Payload = json.loads(base64.b64decode(header))
    return document


def encoded(payload: Payload) -> str:
    return base64.b64encode(json.dumps(payload, separators=(",", ":")).encode()).decode()


@dataclass(frozen=True)
class Mint:
    """Makes headers for one challenge."""

    challenge: x402.Challenge
    signer: LocalSigner
    beggar: LocalSigner

    def requirement(self, network: str = TESTNET) -> Payload:
        return dict(next(each for each in self.challenge.accepts if each["network"] == network))

    def good(self, name: str) -> Case:
        return self._case(name, good=True)

    def bad(self) -> list[Case]:
        return [
            self._case("a value changed after signing", alter=_authorized("value", "1")),
            self._case("a payee changed after signing", alter=_authorized("to", OTHER_PAYEE)),
            self._case("a nonce changed after signing", alter=_authorized("nonce", "0x" + "17" * 32)),
            self._case("an end changed after signing", alter=_later),
            self._case("a changed signature", alter=_signature),
            self._case("expired", now=int(time.time()) - 1000),
            self._case("about to expire", now=int(time.time()) - 298),
            self._case("not valid yet", valid_after=int(time.time()) + 200),
            self._case("signed for another payee", {"payTo": OTHER_PAYEE}),
            self._case(
                "signed for another payee under our requirement", {"payTo": OTHER_PAYEE}, alter=self._echo
            ),
            self._case("signed for mainnet", network=MAINNET),
            self._case(
                "signed for mainnet under the test network's requirement", network=MAINNET, alter=self._echo
            ),
            self._case("signed for less under our requirement", {"amount": "1"}, alter=self._echo),
            self._case("signed for more under our requirement", {"amount": "100001"}, alter=self._echo),
            self._case("a payer without money", signer=self.beggar),
        ]

    def _case(
        self,
        name: str,
        changes: Payload | None = None,
        *,
        good: bool = False,
        network: str = TESTNET,
        now: int | None = None,
        valid_after: int = 0,
        signer: LocalSigner | None = None,
        alter: Callable[[Payload], None] | None = None,
    ) -> Case:
        """Sign the offered requirement with `changes`; then `alter` the header that came out."""
        who = signer or self.signer
        requirement = {**self.requirement(network), **(changes or {})}
        when = int(time.time()) if now is None else now
        payment = sign(who, self.challenge, requirement, now=when, valid_after=valid_after)
        payload = copy.deepcopy(decoded(payment.header))
        if alter is not None:
            alter(payload)
        header = payment.header if alter is None else encoded(payload)
        return Case(name, header, who.address, good, payment.nonce, payment.valid_before)

    def _echo(self, payload: Payload) -> None:
        """Claim to have accepted what was offered, whatever was signed."""
        payload["accepted"] = self.requirement()


def _authorized(name: str, value: str) -> Callable[[Payload], None]:
    def alter(payload: Payload) -> None:
        payload["payload"]["authorization"][name] = value

    return alter


def _later(payload: Payload) -> None:
    authorization = payload["payload"]["authorization"]
    authorization["validBefore"] = str(int(authorization["validBefore"]) + 60)


def _signature(payload: Payload) -> None:
    """Flip one bit in the middle of `s`."""
    signature = bytearray.fromhex(payload["payload"]["signature"][2:])
    signature[40] ^= 1
    payload["payload"]["signature"] = "0x" + signature.hex()

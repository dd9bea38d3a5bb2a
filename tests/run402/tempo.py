"""A pretended Tempo: the chain's provider, a challenge of a gateway that takes it, and the shop that asks for it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx

from run402 import mpp

BASE = "https://api.example.com"
KEY = bytes(31) + b"\x01"
ALICE = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
BOB = "0x00000000000000000000000000000000000000b0"
HASH = "0x" + "ab" * 32
EXPIRES = "2027-01-15T08:00:30Z"  # half a minute after NOW
NOW = 1_800_000_000.0
REQUEST = {
    "amount": "100000",
    "currency": mpp.PATH_USD,
    "recipient": BOB,
    "methodDetails": {"chainId": mpp.CHAIN_ID},
}
SIGNED = mpp.SignedCharge(
    credential="Payment secret-of-alice",
    header="Authorization",
    transaction_hash=HASH,
    valid_before=int(NOW) + 30,
    amount_micros=100_000,
    max_fee_micros=11_000,
    chain_id=mpp.CHAIN_ID,
    currency=mpp.PATH_USD,
    recipient=BOB,
    payer=ALICE,
    challenge_id="id-1",
)


def encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def challenge(request: Any = REQUEST, **parameters: str) -> str:
    told = {
        "id": "id-1",
        "realm": "api.example.com",
        "method": "tempo",
        "intent": "charge",
        "expires": EXPIRES,
    }
    told |= {"request": encoded(request), **parameters}
    return "Payment " + ", ".join(f'{name}="{value}"' for name, value in told.items())


class Node:
    """A JSON-RPC provider of Moderato."""

    def __init__(self, **results: Any) -> None:
        self.results: dict[str, Any] = {
            "eth_chainId": hex(mpp.CHAIN_ID),
            "eth_getBlockByNumber": {"timestamp": hex(int(NOW))},
            "eth_getTransactionReceipt": None,
            **results,
        }
        self.calls: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = json.loads(request.content)
        self.calls.append(call)
        result = self.results[call["method"]]
        if isinstance(result, Exception):
            raise result
        body = result if isinstance(result, dict) and "error" in result else {"result": result}
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": call["id"], **body})

    @property
    def chain(self) -> mpp.Tempo:
        return mpp.Tempo(transport=httpx.MockTransport(self))


class Shop:
    """A gateway that asks for money until a credential comes, and then answers with `paid`."""

    def __init__(self, paid: Callable[[], httpx.Response], asking: str = challenge()) -> None:
        self.paid = paid
        self.asking = asking
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.headers.get("authorization", "").startswith("Payment "):
            return self.paid()
        return httpx.Response(
            402, headers={"WWW-Authenticate": self.asking}, json={"title": "Payment Required"}
        )

    def payer(self, node: Node, stored: list[mpp.SignedCharge] | None = None) -> mpp.Payer:
        return mpp.Payer(
            BASE,
            key=KEY,
            policy=mpp.CapPolicy(100_000),
            before_send=(stored if stored is not None else []).append,
            chain=node.chain,
            transport=httpx.MockTransport(self),
            clock=lambda: NOW,
        )


def succeeded() -> httpx.Response:
    receipt = encoded({"method": "tempo", "reference": HASH, "status": "success"})
    return httpx.Response(200, json={"tier": "prototype"}, headers={"Payment-Receipt": receipt})

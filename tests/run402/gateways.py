"""A scripted gateway behind a transport, and the values that the tests of the client share."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx

from run402 import Client, LocalSigner

ALICE_KEY = bytes([0x11]) * 31 + bytes([0x12])
ALICE = "0xc06d73162E9BffbCfBF1DA59C511002A8F9155E5"
PAYEE = "0x059D091D51a0f011c9872EaA63Df538F5cE15945"
BASE = "https://api.run402.com"
NOON = 1779364800.0  # 2026-05-21T12:00:00Z

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Gateway:
    """Answers requests with ``replies`` in turn and keeps every request it got."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else reply(request)

    def client(self, *, base_url: str = BASE, **options: Any) -> Client:
        options.setdefault("signer", LocalSigner(ALICE_KEY))
        options.setdefault("clock", lambda: NOON)
        return Client(base_url, transport=httpx.MockTransport(self), **options)

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]

    @property
    def sent(self) -> Any:
        """The JSON body of the last request."""
        return json.loads(self.last.content)


def ok(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json=document, headers=headers)


def encoded(document: Any) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


def decoded(header: str) -> Any:
    return json.loads(base64.b64decode(header))


def requirement(**changes: Any) -> dict[str, Any]:
    return {
        "scheme": "exact",
        "network": "eip155:84532",
        "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        "amount": "100000",
        "payTo": PAYEE,
        "maxTimeoutSeconds": 300,
        "extra": {"name": "USDC", "version": "2"},
        **changes,
    }


def mainnet_requirement(**changes: Any) -> dict[str, Any]:
    return requirement(
        network="eip155:8453",
        asset="0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
        extra={"name": "USD Coin", "version": "2"},
        **changes,
    )


def challenge(*accepts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "x402Version": 2,
        "resource": {"url": f"{BASE}/tiers/v1/prototype"},
        "accepts": list(accepts) or [requirement()],
        **changes,
    }


def payment_asked(document: dict[str, Any] | None = None) -> httpx.Response:
    headers = {"PAYMENT-REQUIRED": encoded(document or challenge())}
    return httpx.Response(402, json={"code": "PAYMENT_REQUIRED", "message": "Pay."}, headers=headers)


def receipt(**changes: Any) -> dict[str, str]:
    document = {"success": True, "payer": ALICE, "transaction": "0xabc", "network": "eip155:84532", **changes}
    return {"PAYMENT-RESPONSE": encoded(document)}

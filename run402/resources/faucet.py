"""The faucet: test money for an address (contract: identity 4.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from run402 import reading
from run402.reading import Document
from run402.wire import Wire, json_call


@dataclass(frozen=True)
class FaucetDraw:
    """A drip that was sent; it is on the chain a moment later.

    >>> FaucetDraw("0x1", 250_000, "USDC", "base-sepolia", {}).amount_micros
    250000
    """

    transaction_hash: str | None
    amount_micros: int
    token: str | None
    network: str | None
    raw: Document = field(repr=False)


class FaucetResource:
    """``client.faucet``.

    >>> import httpx
    >>> from run402 import Client
    >>> answer = {"amount_usd_micros": 250000}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> client.faucet.draw("0xc06d73162E9BffbCfBF1DA59C511002A8F9155E5").amount_micros
    250000
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def draw(self, address: str, *, idempotency_key: str | None = None) -> FaucetDraw:
        """Send test USDC to ``address``. Raises RateLimited when it was drawn from within the last day."""
        call = json_call("POST", "/faucet/v1", {"address": address}, idempotency_key=idempotency_key)
        return self._wire.read(call, read_draw)


def read_draw(doc: Document) -> FaucetDraw:
    return FaucetDraw(
        transaction_hash=reading.text(doc, "transaction_hash"),
        amount_micros=reading.need_number(doc, "amount_usd_micros"),
        token=reading.text(doc, "token"),
        network=reading.text(doc, "network"),
        raw=doc,
    )

"""Tiers: what they cost, which one the wallet has, and buying one (contract: identity 4.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from run402 import reading, x402
from run402.buying import buy
from run402.reading import Document
from run402.routes import route
from run402.wire import Call, Wire, json_call

_PRICE = re.compile(r"\$?\s*([0-9]{1,9})(?:\.([0-9]{1,6}))?(?![0-9.,])")


@dataclass(frozen=True)
class Tier:
    """One tier of the price list. ``price_micros`` is None when the price text cannot be read as dollars.

    >>> read_tier("prototype", {"price": "$0.10"}).price_micros
    100000
    """

    name: str
    price_micros: int | None
    price_text: str
    lease_days: int | None
    storage_mb: int | None
    api_calls: int | None
    max_functions: int | None
    description: str
    raw: Document = field(repr=False)


@dataclass(frozen=True)
class TierQuote:
    """The price list.

    >>> TierQuote((), {}).named("prototype") is None
    True
    """

    tiers: tuple[Tier, ...]
    raw: Document = field(repr=False)

    def named(self, name: str) -> Tier | None:
        return next((tier for tier in self.tiers if tier.name == name), None)


@dataclass(frozen=True)
class TierStatus:
    """The tier that the signing wallet has; ``tier`` is None before the first.

    >>> read_status({"wallet": "0xA", "tier": None, "active": False}).active
    False
    """

    wallet: str | None
    tier: str | None
    active: bool
    lease_started_at: datetime | None
    lease_expires_at: datetime | None
    pool_usage: Document
    raw: Document = field(repr=False)


@dataclass(frozen=True)
class TierChange:
    """What setting a tier did. ``action`` is subscribe, renew, upgrade, downgrade or a word not known yet.

    >>> read_change({"action": "renew", "tier": "hobby"}).previous_tier is None
    True
    """

    wallet: str | None
    action: str | None
    tier: str
    previous_tier: str | None
    lease_started_at: datetime | None
    lease_expires_at: datetime | None
    allowance_remaining_micros: int | None
    raw: Document = field(repr=False)


class TiersResource:
    """``client.tiers``.

    >>> import httpx
    >>> from run402 import Client
    >>> answer = {"tiers": {"hobby": {"price": "$5"}}}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> client.tiers.quote().named("hobby").price_micros
    5000000
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def quote(self) -> TierQuote:
        """The price list; needs no signer."""
        return self._wire.read(Call("GET", "/tiers/v1"), read_quote)

    def status(self) -> TierStatus:
        """The signing wallet's tier and lease."""
        return self._wire.read(Call("GET", "/tiers/v1/status", sign_in=True), read_status)

    def set(
        self, tier: str, *, purchase: x402.Purchase | None = None, idempotency_key: str | None = None
    ) -> x402.Paid[TierChange]:
        """Subscribe to, renew or change to ``tier``; the gateway decides which it is.

        Raises PaymentRequired without a purchase when the gateway asks for money; see ``buying.buy`` for the
        rest.
        """
        path = route("/tiers/v1/{}", tier)
        call = json_call("POST", path, {}, sign_in=True, idempotency_key=idempotency_key)
        return buy(self._wire, call, purchase, read_change)


def read_quote(doc: Document) -> TierQuote:
    return TierQuote(tuple(read_tier(name, item) for name, item in _listed(doc)), doc)


def read_tier(name: str, doc: Mapping[str, Any]) -> Tier:
    return Tier(
        name=name,
        price_micros=_price_micros(doc),
        price_text=reading.text(doc, "price") or "",
        lease_days=reading.number(doc, "lease_days"),
        storage_mb=reading.number(doc, "storage_mb"),
        api_calls=reading.number(doc, "api_calls"),
        max_functions=reading.number(doc, "max_functions"),
        description=reading.text(doc, "description") or "",
        raw=dict(doc),
    )


def read_status(doc: Document) -> TierStatus:
    tier = reading.text(doc, "tier")
    active = reading.flag(doc, "active")
    return TierStatus(
        wallet=reading.text(doc, "wallet"),
        tier=tier,
        active=reading.text(doc, "status") == "active" if active is None else active,
        lease_started_at=reading.moment(doc, "lease_started_at"),
        lease_expires_at=reading.moment(doc, "lease_expires_at"),
        pool_usage=reading.mapping(doc, "pool_usage"),
        raw=doc,
    )


def read_change(doc: Document) -> TierChange:
    return TierChange(
        wallet=reading.text(doc, "wallet"),
        action=reading.text(doc, "action"),
        tier=reading.need_text(doc, "tier"),
        previous_tier=reading.text(doc, "previous_tier"),
        lease_started_at=reading.moment(doc, "lease_started_at"),
        lease_expires_at=reading.moment(doc, "lease_expires_at"),
        allowance_remaining_micros=reading.number(doc, "allowance_remaining_usd_micros"),
        raw=doc,
    )


def _listed(doc: Document) -> list[tuple[str, Document]]:
    """The published type is a map by name, a mock of the official client has a list; both are read."""
    tiers = doc.get("tiers")
    if isinstance(tiers, dict):
        return [(name, item) for name, item in tiers.items() if isinstance(item, dict)]
    return [(name, item) for item in reading.documents(doc, "tiers") if (name := reading.text(item, "name"))]


def _price_micros(doc: Mapping[str, Any]) -> int | None:
    stated = reading.number(doc, "price_usd_micros")
    if stated is not None:
        return stated
    match = _PRICE.match((reading.text(doc, "price") or "").strip())
    return int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0")) if match else None

"""The price list of a gateway as the panel mirrors it (contract: identity 4.4), and what buying a tier would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallets.models import Gateway, Wallet

#: A price list older than this is read again when somebody looks at it.
FRESH = timedelta(minutes=10)


class Change(TextChoices):
    """What setting a tier does; the gateway decides, these are its own words."""

    SUBSCRIBE = "subscribe", _("Subscribe")
    RENEW = "renew", _("Renew")
    UPGRADE = "upgrade", _("Upgrade")
    DOWNGRADE = "downgrade", _("Downgrade")


@dataclass(frozen=True)
class Price:
    """One tier of the list. `micros` is None when the gateway's price text cannot be read: then nobody can buy it."""

    name: str
    micros: int | None
    text: str
    lease_days: int | None
    storage_mb: int | None
    api_calls: int | None
    max_functions: int | None
    description: str

    @property
    def label(self) -> str:
        """The tier's name as a title."""
        return self.name.replace("_", " ").replace("-", " ").capitalize()

    @property
    def storage_bytes(self) -> int | None:
        """The storage in bytes; Run402's MB are 1024 × 1024."""
        return None if self.storage_mb is None else self.storage_mb * 1024 * 1024

    @property
    def storage(self) -> str:
        """The storage as the price list means it: 250 MB, 1 GB."""
        if self.storage_mb is None:
            return ""
        return f"{self.storage_mb / 1024:g} GB" if self.storage_mb >= 1024 else f"{self.storage_mb} MB"


def prices_of(gateway: Gateway) -> tuple[Price, ...]:
    """Return the mirrored price list in the gateway's order; empty before the first read."""
    return tuple(_price(row) for row in gateway.tiers)


def price_of(gateway: Gateway, tier: str) -> Price | None:
    """Return one tier of the list."""
    return next((price for price in prices_of(gateway) if price.name == tier), None)


def are_stale(gateway: Gateway) -> bool:
    """Say whether the list was never read or is too old to be shown without a new look."""
    return gateway.tiers_at is None or timezone.now() - gateway.tiers_at > FRESH


def _price(row: Mapping[str, Any]) -> Price:
    return Price(
        name=row["name"],
        micros=row["price_micros"],
        text=row["price_text"],
        lease_days=row["lease_days"],
        storage_mb=row["storage_mb"],
        api_calls=row["api_calls"],
        max_functions=row["max_functions"],
        description=row["description"],
    )


def has_lease(wallet: Wallet) -> bool:
    """Say whether the mirror knows a tier whose lease still runs."""
    runs = wallet.lease_expires_at is None or wallet.lease_expires_at > timezone.now()
    return bool(wallet.tier) and wallet.tier_active and runs


def change_for(wallet: Wallet, price: Price) -> Change:
    """Return what the gateway will make of it, by the table of the contract; the mirror may be a minute old."""
    if not has_lease(wallet):
        return Change.SUBSCRIBE
    if wallet.tier == price.name:
        return Change.RENEW
    now = price_of(wallet.gateway, wallet.tier)
    below = (
        now is not None and now.micros is not None and price.micros is not None and price.micros < now.micros
    )
    return Change.DOWNGRADE if below else Change.UPGRADE


def lease_end(wallet: Wallet, price: Price) -> datetime | None:
    """Return when the lease would end: a renewal adds to the running one, everything else starts today."""
    if price.lease_days is None:
        return None
    renews = change_for(wallet, price) == Change.RENEW and wallet.lease_expires_at
    start = wallet.lease_expires_at if renews and wallet.lease_expires_at else timezone.now()
    return start + timedelta(days=price.lease_days)

"""Tiers and what buying one does to an account (identity 4.4). Money is in USDC micros."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sandbox.clock import DAY
from sandbox.store.accounts import Account

_GRACE = ((14, "past_due"), (44, "frozen"))
MB = 1024 * 1024


@dataclass(frozen=True)
class Tier:
    name: str
    price_micros: int
    lease_days: int
    storage_mb: int
    api_calls: int
    max_functions: int
    timeout_seconds: int
    memory_mb: int
    secrets: int
    schedules: int
    cron_minutes: int
    description: str

    @property
    def storage_bytes(self) -> int:
        return self.storage_mb * MB

    def quote(self) -> dict[str, Any]:
        return {
            "price": f"${self.price_micros / 1_000_000:.2f}",
            "price_usd_micros": self.price_micros,
            "lease_days": self.lease_days,
            "storage_mb": self.storage_mb,
            "api_calls": self.api_calls,
            "max_functions": self.max_functions,
            "description": self.description,
        }

    def function_limits(self) -> dict[str, int]:
        return {
            "max_function_timeout_seconds": self.timeout_seconds,
            "max_function_memory_mb": self.memory_mb,
            "max_scheduled_functions": self.schedules,
            "min_cron_interval_minutes": self.cron_minutes,
            "current_scheduled_functions": 0,
        }


TIERS = {
    tier.name: tier
    for tier in (
        Tier(
            "prototype", 100_000, 7, 250, 500_000, 5, 10, 128, 10, 1, 15, "To try things out, on test money."
        ),
        Tier(
            "hobby", 5_000_000, 30, 1024, 5_000_000, 25, 30, 256, 50, 3, 5, "For a side project with users."
        ),
        Tier(
            "team",
            20_000_000,
            30,
            10_240,
            50_000_000,
            100,
            60,
            512,
            200,
            10,
            1,
            "For a team and its products.",
        ),
    )
}


class DoesNotFit(Exception):
    """A smaller tier cannot hold what the account uses."""


def is_active(account: Account, now: float) -> bool:
    return (
        account.tier is not None and account.lease_expires_at is not None and account.lease_expires_at > now
    )


def lifecycle(account: Account, now: float) -> str:
    """active, past_due from the end of the lease, frozen after 14 days, dormant after 44."""
    if account.lease_expires_at is None or is_active(account, now):
        return "active"
    days = (now - account.lease_expires_at) / DAY
    return next((state for limit, state in _GRACE if days < limit), "dormant")


def change(account: Account, tier: Tier, now: float, *, used_bytes: int) -> tuple[Account, str]:
    """The account after `tier` was paid for, and the action's name. Raises DoesNotFit.

    An upgrade or downgrade credits the unused part of the old lease to the prepaid balance.
    """
    if not is_active(account, now):
        return _lease(account, tier, now), "subscribe"
    old = TIERS[account.tier or ""]
    if old == tier:
        start = account.lease_expires_at or now
        return replace(account, lease_expires_at=start + tier.lease_days * DAY), "renew"
    if tier.price_micros < old.price_micros and used_bytes > tier.storage_bytes:
        raise DoesNotFit
    credited = replace(account, credit_micros=account.credit_micros + _unused(account, old, now))
    return _lease(credited, tier, now), "upgrade" if tier.price_micros > old.price_micros else "downgrade"


def _lease(account: Account, tier: Tier, now: float) -> Account:
    return replace(
        account, tier=tier.name, lease_started_at=now, lease_expires_at=now + tier.lease_days * DAY
    )


def _unused(account: Account, tier: Tier, now: float) -> int:
    seconds = max(0.0, (account.lease_expires_at or now) - now)
    return int(tier.price_micros * seconds / (tier.lease_days * DAY))

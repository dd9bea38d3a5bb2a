"""Reading what the panel shows: a wallet's balance and tier, a gateway's price list."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from core.errors import Refusal
from operations.models import Operation
from operations.registry import SYNC, kind
from operations.work import Work
from run402.errors import NotFound
from run402.resources.tiers import Tier, TierChange, TierStatus
from teams.permissions import Action
from wallets.models import Gateway, Wallet
from wallets.models.gateway import BASE_SEPOLIA


@kind(
    "wallet.balance",
    gettext_lazy("Read a balance"),
    action=Action.PROJECT_SYNC,
    queue=SYNC,
    mutates=False,
    audited=False,
)
def read_wallet(work: Work) -> dict[str, Any]:
    """Read balance and tier. The balance is written first: a gateway that is down must not hide it."""
    wallet = wallet_of(work.operation)
    with work.client(admit=False) as client:
        if wallet.gateway.rpc_urls:
            write_balance(wallet, client.balance.usdc(BASE_SEPOLIA, wallet.address))
        work.admit()
        read_tier(client, wallet)
    return {"balance_micros": wallet.balance_micros, "tier": wallet.tier}


@kind(
    "gateway.tiers",
    gettext_lazy("Read the price list"),
    action=Action.PROJECT_SYNC,
    queue=SYNC,
    mutates=False,
    audited=False,
)
def read_tiers(work: Work) -> dict[str, Any]:
    """Read the price list. A gateway without one has no tiers to sell, which is a fact to show as well."""
    with work.client(sign=False) as client:
        try:
            tiers = client.tiers.quote().tiers
        except NotFound:
            tiers = ()
    rows = [_row(tier) for tier in tiers]
    Gateway.objects.filter(pk=work.operation.gateway_id).update(tiers=rows, tiers_at=timezone.now())
    return {"tiers": len(rows)}


def wallet_of(operation: Operation) -> Wallet:
    """Return the wallet of an operation of a kind that needs one; it has to be the team's."""
    if operation.wallet is None:
        raise LookupError(f"{operation.kind} needs a wallet")
    if operation.wallet.team_id != operation.team_id:
        raise Refusal("WALLET_OF_ANOTHER_TEAM", _("This wallet belongs to another team. Nothing was done."))
    return operation.wallet


def write_balance(wallet: Wallet, micros: int) -> None:
    """Mirror a balance that was read from the chain."""
    wallet.balance_micros, wallet.balance_at = micros, timezone.now()
    wallet.save(update_fields=["balance_micros", "balance_at"])


def read_tier(client: run402.Client, wallet: Wallet) -> TierStatus | None:
    """Read and mirror the wallet's tier; None where the gateway knows no tiers (Core)."""
    try:
        status = client.tiers.status()
    except NotFound:
        return None
    wallet.tier, wallet.tier_active = status.tier or "", status.active
    wallet.lease_started_at, wallet.lease_expires_at = status.lease_started_at, status.lease_expires_at
    wallet.tier_status, wallet.tier_at = status.raw, timezone.now()
    wallet.save(
        update_fields=[
            "tier",
            "tier_active",
            "lease_started_at",
            "lease_expires_at",
            "tier_status",
            "tier_at",
        ]
    )
    return status


def write_change(wallet: Wallet, change: TierChange) -> None:
    """Mirror what buying a tier answered; the next reading of the status completes it."""
    wallet.tier, wallet.tier_active = change.tier, True
    wallet.lease_started_at, wallet.lease_expires_at = change.lease_started_at, change.lease_expires_at
    wallet.tier_at = timezone.now()
    wallet.save(update_fields=["tier", "tier_active", "lease_started_at", "lease_expires_at", "tier_at"])


def _row(tier: Tier) -> dict[str, Any]:
    return {
        "name": tier.name,
        "price_micros": tier.price_micros,
        "price_text": tier.price_text,
        "lease_days": tier.lease_days,
        "storage_mb": tier.storage_mb,
        "api_calls": tier.api_calls,
        "max_functions": tier.max_functions,
        "description": tier.description,
    }

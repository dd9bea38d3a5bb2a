"""Reading what the panel shows: a wallet's balance and tier, a gateway's price list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from billing.handlers.chains import balance_of
from core.errors import Refusal
from operations.models import Operation
from operations.registry import SYNC, kind
from operations.work import Work
from run402.errors import BalanceUnknown, NotFound
from run402.resources.tiers import Tier, TierChange, TierStatus
from teams.permissions import Action
from wallets.models import Gateway, Wallet
from wallets.models.gateway import BASE_MAINNET


@kind(
    "wallet.balance",
    gettext_lazy("Read a balance"),
    action=Action.PROJECT_SYNC,
    queue=SYNC,
    mutates=False,
    audited=False,
)
def read_wallet(work: Work) -> dict[str, Any]:
    """Read all that the wallet holds, and its tier. What one source does not tell must not hide the others."""
    wallet = wallet_of(work.operation)
    unknown: BalanceUnknown | None = None
    with work.client(admit=False) as client:
        for network in networks_of(wallet) if wallet.gateway.rpc_urls or wallet.pays_by_mpp else ():
            try:
                write_balance(wallet, balance_of(client, wallet, network), network)
            except BalanceUnknown as error:
                # An operator's providers may serve one network alone: of another one it stays unknown.
                unknown = error if network == wallet.network else unknown
        work.admit()
        read_account(client, wallet)
        read_tier(client, wallet)
    if unknown:
        raise unknown
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


def networks_of(wallet: Wallet) -> tuple[str, ...]:
    """Return the networks on which the wallet may hold money, test money first."""
    return (wallet.network,) if wallet.is_play else wallet.networks


def networks_seen(wallet: Wallet) -> tuple[str, ...]:
    """Return those of them that a provider serves: the wallet's own, and real money's once its balance was read."""
    return tuple(one for one in networks_of(wallet) if one == wallet.network or wallet.mainnet_at)


def write_balance(wallet: Wallet, micros: int, network: str = "") -> None:
    """Mirror a balance that was read from the chain."""
    names = ("mainnet_micros", "mainnet_at") if network == BASE_MAINNET else ("balance_micros", "balance_at")
    _write(wallet, dict(zip(names, (micros, timezone.now()), strict=True)))


def read_account(client: run402.Client, wallet: Wallet) -> None:
    """Mirror what Run402 keeps for the wallet. A wallet that never paid has no account, which is nothing to hold."""
    try:
        account = client.billing.account()
    except NotFound:
        return
    held = {"prepaid_micros": account.available_micros, "mail_credits": account.email_credits}
    _write(wallet, {**held, "account_at": timezone.now()})


def _write(wallet: Wallet, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        setattr(wallet, name, value)
    wallet.save(update_fields=list(fields))


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

"""Tiers: the price list, a wallet's lease, and buying one (identity 4.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access, cashier, lease, running
from sandbox.clock import iso
from sandbox.idempotency import once
from sandbox.lease import TIERS, Tier
from sandbox.problems import bad_request, conflict
from sandbox.release.planner import live_bytes
from sandbox.severed import Severed
from sandbox.store.accounts import Account
from sandbox.web import Call, answer, endpoint


def quote(call: Call) -> Response:
    auth = {"scheme": "SIGN-IN-WITH-X", "payment": "x402", "endpoint": "POST /tiers/v1/:tier"}
    return answer({"tiers": {name: tier.quote() for name, tier in TIERS.items()}, "auth": auth})


def status(call: Call) -> Response:
    wallet = access.wallet(call)
    account = call.gateway.store.accounts.get(wallet)
    now = call.gateway.clock.now()
    tier = TIERS.get(account.tier or "")
    limits = {**tier.function_limits(), **_scheduled(call, wallet)} if tier else None
    return answer(
        {
            "wallet": wallet,
            "tier": account.tier,
            "lease_started_at": iso(account.lease_started_at),
            "lease_expires_at": iso(account.lease_expires_at),
            "active": lease.is_active(account, now),
            "organization_lifecycle_state": lease.lifecycle(account, now) if tier else None,
            "pool_usage": _pool(call, wallet, tier),
            **({"function_limits": limits, "limits": {"functions": limits}} if limits else {}),
        }
    )


def _scheduled(call: Call, wallet: str) -> dict[str, int]:
    """How many functions of all projects have a schedule."""
    store = call.gateway.store
    found = [
        one for project in store.projects.owned_by(wallet) for one in store.functions.of_project(project.id)
    ]
    return {"current_scheduled_functions": sum(function.schedule is not None for function in found)}


def _pool(call: Call, wallet: str, tier: Tier | None) -> dict[str, int]:
    projects = call.gateway.store.projects.owned_by(wallet)
    activity = call.gateway.activity
    return {
        "projects": len(projects),
        "total_api_calls": sum(project.api_calls + activity.unwritten(project.id) for project in projects),
        "total_storage_bytes": live_bytes(call.gateway.store, wallet),
        "api_calls_limit": tier.api_calls if tier else 0,
        "storage_bytes_limit": tier.storage_bytes if tier else 0,
    }


def buy(call: Call) -> Response:
    tier = TIERS.get(call.path_param("tier"))
    if tier is None:
        raise bad_request("UNKNOWN_TIER", f"There is no such tier; choose one of {', '.join(TIERS)}.")
    wallet = access.wallet(call)
    return once(call, wallet, lambda: _buy(call, wallet, tier))


def _buy(call: Call, wallet: str, tier: Tier) -> Response:
    """Settle and change the tier in one transaction, so that money never moves for nothing."""
    accounts, now = call.gateway.store.accounts, call.gateway.clock.now()
    before = accounts.get(wallet)
    after, action = _changed(call, before, tier)
    accounts.enter(before, after, kind="lease_credit", reference=tier.name, now=now)
    headers: dict[str, str] = {}
    free = before.credit_micros - running.held(call.gateway.store, wallet)
    if cashier.payment_header(call) is None and free >= tier.price_micros:
        paid = replace(after, credit_micros=after.credit_micros - tier.price_micros)
        accounts.enter(after, paid, kind="tier", reference=tier.name, now=now)
        after = paid
    else:
        headers = cashier.collect(call, _offer(call, wallet, tier))
        if call.knob("lose_settlement"):
            raise Severed
    accounts.save(after)
    return answer(_result(wallet, before, after, action), headers=headers)


def _changed(call: Call, account: Account, tier: Tier) -> tuple[Account, str]:
    used = live_bytes(call.gateway.store, account.address)
    try:
        return lease.change(account, tier, call.gateway.clock.now(), used_bytes=used)
    except lease.DoesNotFit as error:
        raise conflict(
            "TIER_LIMIT_EXCEEDED",
            f"Cannot downgrade: the stored {used} bytes exceed the new tier limits.",
            details={"scope": "account"},
            next_actions=("check_usage",),
        ) from error


def _offer(call: Call, wallet: str, tier: Tier) -> cashier.Offer:
    sample = {"wallet": wallet, "action": "subscribe", "tier": tier.name, "lease_expires_at": iso(0)}
    price = tier.quote()["price"]
    return cashier.Offer(
        url=f"{call.origin}{call.request.url.path}",
        description=f"Sets the {tier.name} tier for {price} USDC: subscribes, renews or changes, whichever fits.",
        micros=tier.price_micros,
        sample=sample,
    )


def _result(wallet: str, before: Account, after: Account, action: str) -> dict[str, Any]:
    return {
        "wallet": wallet,
        "action": action,
        "tier": after.tier,
        "previous_tier": before.tier,
        "lease_started_at": iso(after.lease_started_at),
        "lease_expires_at": iso(after.lease_expires_at),
        "allowance_remaining_usd_micros": after.credit_micros,
    }


routes = [
    Route("/tiers/v1", endpoint(quote)),
    Route("/tiers/v1/status", endpoint(status)),
    Route("/tiers/v1/{tier}", endpoint(buy), methods=["POST"]),
]

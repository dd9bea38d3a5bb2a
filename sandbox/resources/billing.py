"""The account of a wallet: prepaid balance and ledger, in the newer form and in the older one (identity 4.3).

What x402 pays does not pass through the prepaid balance and is not in this ledger. Whether Run402 Cloud lists it there
is UNKNOWN. There are no mail packs here, hence no mail credits.
"""

from __future__ import annotations

import uuid
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access, running
from sandbox.chain import is_address
from sandbox.clock import iso
from sandbox.problems import bad_request, forbidden, not_found
from sandbox.store.accounts import Entry
from sandbox.web import Call, answer, endpoint

_ORGANIZATIONS = uuid.UUID("4b1f6a52-8c8e-4f0a-a3a8-0f2f9a0b7d11")
DEFAULT_LIMIT, MOST = 50, 200
_REFERENCES = {"tier": "tier", "lease_credit": "tier", "stripe_topup": "topup"}


def lookup(call: Call) -> Response:
    """GET /orgs/v1/lookup?wallet=: the account of the wallet that signed in."""
    wallet = access.wallet(call)
    asked = call.request.query_params.get("wallet", "")
    if not is_address(asked):
        raise bad_request("BAD_FIELD", "'wallet' must be 0x and 40 hex digits.", field="wallet")
    if asked.lower() != wallet.lower():
        raise forbidden("A wallet may look up its own organization only.")
    return answer({"org_id": organization_of(wallet), **_account(call, wallet)})


def organization(call: Call) -> Response:
    """GET /orgs/v1/:org_id/billing."""
    wallet = member(call)
    return answer({"org_id": organization_of(wallet), **_account(call, wallet)})


def history(call: Call) -> Response:
    """GET /orgs/v1/:org_id/billing/history."""
    wallet = member(call)
    limit = _limit(call)
    after = call.request.query_params.get("after")
    if after is not None and not after.isdecimal():
        raise bad_request("BAD_CURSOR", "'after' is no cursor of this list.", field="after")
    found = call.gateway.store.accounts.entries(wallet, limit=limit + 1, before=int(after) if after else None)
    shown, more = found[:limit], len(found) > limit
    return answer(
        {
            "org_id": organization_of(wallet),
            "entries": [_entry(entry) for entry in shown],
            "has_more": more,
            "next_cursor": str(shown[-1].number) if more else None,
        }
    )


def old_account(call: Call) -> Response:
    """GET /billing/v1/accounts/:identifier, which wants no sign-in."""
    wallet = _identifier(call)
    return answer({"identifier_type": "wallet", **_account(call, wallet)})


def old_history(call: Call) -> Response:
    """GET /billing/v1/accounts/:identifier/history, which has no pages."""
    wallet = _identifier(call)
    found = call.gateway.store.accounts.entries(wallet, limit=_limit(call))
    entries = [_entry(entry) for entry in found]
    return answer({"identifier": wallet, "identifier_type": "wallet", "entries": entries})


def organization_of(wallet: str) -> str:
    """The organization of a wallet; each has one of its own."""
    return str(uuid.uuid5(_ORGANIZATIONS, wallet.lower()))


def member(call: Call) -> str:
    """The wallet that signed in and belongs to the organization of the path. Raises Problem."""
    wallet = access.wallet(call)
    if call.path_param("org_id") != organization_of(wallet):
        raise forbidden("This wallet is not a member of that organization.")
    return wallet


def _identifier(call: Call) -> str:
    identifier = call.path_param("identifier")
    if not is_address(identifier):
        raise not_found("ACCOUNT_NOT_FOUND", "The sandbox keeps accounts of wallets only.")
    return identifier.lower()


def _limit(call: Call) -> int:
    asked = call.request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not asked.isdecimal() or int(asked) < 1:
        raise bad_request("BAD_FIELD", "'limit' must be a positive whole number.", field="limit")
    return min(int(asked), MOST)


def _account(call: Call, wallet: str) -> dict[str, Any]:
    store = call.gateway.store
    running.catch_up(store, wallet, call.gateway.clock.now())
    account, held = store.accounts.get(wallet), running.held(store, wallet)
    return {
        "available_usd_micros": max(account.credit_micros - held, 0),
        "held_usd_micros": held,
        "email_credits_remaining": 0,
        "tier": account.tier,
        "lease_expires_at": iso(account.lease_expires_at),
        "auto_recharge_enabled": False,
        "auto_recharge_threshold": 2000,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "direction": entry.direction,
        "kind": entry.kind,
        "amount_usd_micros": entry.micros,
        "balance_after_available": entry.balance_after,
        "balance_after_held": 0,
        "reference_type": _REFERENCES.get(entry.kind),
        "reference_id": entry.reference,
        "metadata": {},
        "created_at": iso(entry.created_at),
    }


routes = [
    Route("/orgs/v1/lookup", endpoint(lookup)),
    Route("/orgs/v1/{org_id}/billing", endpoint(organization)),
    Route("/orgs/v1/{org_id}/billing/history", endpoint(history)),
    Route("/billing/v1/accounts/{identifier}", endpoint(old_account)),
    Route("/billing/v1/accounts/{identifier}/history", endpoint(old_history)),
]

"""Links to pay by card, in the newer form and in the older one (identity 4.3). `page.checkout` is what they lead to.

Whether Run402 Cloud ends a link after a day is UNKNOWN; Stripe does unless it is told otherwise, and so does this.
Mail packs are not sold here.
"""

from __future__ import annotations

import secrets
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.chain import is_address
from sandbox.clock import DAY
from sandbox.idempotency import once
from sandbox.ids import new_id
from sandbox.lease import TIERS, Tier
from sandbox.problems import bad_request
from sandbox.resources.billing import member, organization_of
from sandbox.store.checkouts import Checkout
from sandbox.web import Call, answer, endpoint

LIFE_SECONDS = DAY
LEAST_MICROS, MOST_MICROS, CENT_MICROS = 500_000, 10**12, 10_000


def create(call: Call) -> Response:
    """POST /orgs/v1/:org_id/checkouts."""
    wallet = member(call)
    return once(call, wallet, lambda: _of_organization(call, wallet))


def _of_organization(call: Call, wallet: str) -> Response:
    product = call.text("product")
    if product == "tier":
        made = _open(call, wallet, tier=_tier(call.text("tier")))
    elif product == "balance_topup":
        made = _open(call, wallet, micros=_amount(call))
    else:
        raise bad_request("BAD_FIELD", "'product' must be tier or balance_topup here.", field="product")
    return answer({"org_id": organization_of(wallet), "product": product, **made})


def old_tier(call: Call) -> Response:
    """POST /billing/v1/tiers/:tier/checkout, which wants no sign-in."""
    tier, wallet = _tier(call.path_param("tier")), _named(call)
    return once(call, wallet, lambda: answer(_open(call, wallet, tier=tier)))


def old_balance(call: Call) -> Response:
    """POST /billing/v1/checkouts, which wants no sign-in."""
    micros, wallet = _amount(call), _named(call)
    return once(call, wallet, lambda: answer(_open(call, wallet, micros=micros)))


def _open(call: Call, wallet: str, *, tier: Tier | None = None, micros: int = 0) -> dict[str, str]:
    now = call.gateway.clock.now()
    checkout = Checkout(
        id=new_id("top"),
        secret=f"cs_sandbox_{secrets.token_urlsafe(24)}",
        address=wallet,
        tier=tier.name if tier else None,
        micros=tier.price_micros if tier else micros,
        success_url=_way_back(call, "success_url"),
        cancel_url=_way_back(call, "cancel_url"),
        created_at=now,
        expires_at=now + LIFE_SECONDS,
    )
    call.gateway.store.checkouts.add(checkout)
    return {"checkout_url": _address(call, checkout), "topup_id": checkout.id}


def _address(call: Call, checkout: Checkout) -> str:
    """Its page, or the foreign one that a knob wants a client to be led to."""
    knob = call.knob("foreign_checkout")
    own = f"{call.origin}/_sandbox/checkout/{checkout.secret}"
    return str(knob.get("url") or "https://checkout.example/pay") if knob else own


def _tier(name: str) -> Tier:
    tier = TIERS.get(name)
    if tier is None:
        raise bad_request("UNKNOWN_TIER", f"There is no such tier; choose one of {', '.join(TIERS)}.")
    return tier


def _amount(call: Call) -> int:
    micros = call.json().get("amount_usd_micros")
    if type(micros) is not int or not LEAST_MICROS <= micros <= MOST_MICROS or micros % CENT_MICROS:
        text = "'amount_usd_micros' must be at least 500000, in whole cents."
        raise bad_request("BAD_FIELD", text, field="amount_usd_micros")
    return micros


def _named(call: Call) -> str:
    """The wallet in the body; accounts of mail addresses are not kept here."""
    body: dict[str, Any] = call.json()
    wallet = body.get("wallet")
    if "email" in body or not isinstance(wallet, str) or not is_address(wallet):
        text = "'wallet' must be 0x and 40 hex digits; the sandbox keeps accounts of wallets only."
        raise bad_request("BAD_FIELD", text, field="wallet")
    return wallet.lower()


def _way_back(call: Call, name: str) -> str | None:
    url = call.json().get(name)
    if url is None:
        return None
    if not isinstance(url, str) or len(url) > 2000 or not url.startswith(("http://", "https://")):
        raise bad_request("BAD_FIELD", f"'{name}' must be an http(s) address.", field=name)
    return url


routes = [
    Route("/orgs/v1/{org_id}/checkouts", endpoint(create), methods=["POST"]),
    Route("/billing/v1/checkouts", endpoint(old_balance), methods=["POST"]),
    Route("/billing/v1/tiers/{tier}/checkout", endpoint(old_tier), methods=["POST"]),
]

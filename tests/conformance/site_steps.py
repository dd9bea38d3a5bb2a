"""Money, a project, its site, its releases and its names."""

from __future__ import annotations

from typing import Any

from tests.conformance.matching import anything, identifier, positive, some, text
from tests.conformance.specs import (
    ABOUT,
    FIRST,
    NAME,
    PAGE,
    PAGE_2,
    SECOND,
    STYLE,
)
from tests.conformance.step import RELEASED, Step, applying


def refused_by_cap(error: dict[str, Any]) -> bool:
    """Refused before anything was signed: by the default cap of @x402/fetch, or by our policy."""
    by_sdk = error["name"] == "NetworkError" and "spendControls.maxAmountPerPayment ($1" in error["message"]
    return by_sdk or error["code"] == "PAYMENT_REFUSED"


MONEY = [
    Step(
        "quote",
        "reads the price list",
        "quote",
        expect={"tiers": {"prototype": {"price": "$0.10"}, "hobby": {"price": "$5.00"}}},
    ),
    Step("no tier", "sees that there is no tier yet", "tier_status", expect={"tier": None}),
    Step(
        "faucet",
        "draws test money",
        "faucet",
        expect={"amountUsdMicros": 250_000, "token": "USDC", "network": "base-sepolia"},
    ),
    Step(
        "tier over the cap",
        "refuses to pay $5 under its cap of $1",
        "tier_set",
        lambda memory: {"tier": "hobby"},
        error=refused_by_cap,
        balance=250_000,
    ),
    Step(
        "tier",
        "buys the prototype tier by x402",
        "tier_set",
        lambda memory: {"tier": "prototype"},
        expect={"action": "subscribe", "tier": "prototype", "lease_expires_at": text},
        balance=150_000,
    ),
    Step(
        "tier status", "sees the tier it bought", "tier_status", expect={"tier": "prototype", "active": True}
    ),
    Step(
        "account",
        "sees what the gateway keeps for it",
        "account",
        expect={"org_id": text, "available_usd_micros": 0, "tier": "prototype"},
    ),
    Step(
        "ledger",
        "reads the gateway's ledger",
        "ledger",
        expect={"org_id": text, "entries": [], "has_more": False},
    ),
    Step(
        "tier by card",
        "asks for a link to pay for a tier by card",
        "checkout",
        lambda memory: {"wanted": {"product": "tier", "tier": "hobby"}},
        expect={"org_id": text, "product": "tier", "checkout_url": text, "topup_id": identifier("top")},
    ),
    Step(
        "balance by card",
        "asks for a link to fill the balance by card",
        "checkout",
        lambda memory: {"wanted": {"product": "balance_topup", "amountUsdMicros": 5_000_000}},
        expect={"product": "balance_topup", "checkout_url": text, "topup_id": identifier("top")},
    ),
]
PROJECT = [
    Step(
        "provision",
        "makes a project",
        "provision",
        lambda memory: {"name": NAME, "tier": "prototype"},
        expect={"project_id": identifier("prj"), "anon_key": text, "service_key": text},
        keep={"project": "project_id", "service": "service_key"},
    ),
    Step(
        "projects",
        "lists it",
        "projects",
        expect={"projects": [{"id": identifier("prj"), "name": NAME}]},
    ),
    Step("nothing live", "sees that nothing is live", "active", expect={"release_id": None}),
]
SITE = [
    Step(
        "dry run",
        "plans the site without storing anything",
        "plan",
        applying(FIRST),
        expect={"plan_id": None, "operation_id": None, "missing_content": anything},
    ),
    Step(
        "first apply",
        "applies a site with a name",
        "apply",
        applying(FIRST),
        expect=RELEASED,
        keep={"first": "release_id", "operation": "operation_id"},
        serves={"/": PAGE, "/style.css": STYLE, "/docs/about.html": ABOUT, "/nothing.html": None},
    ),
    Step(
        "same apply",
        "applies the same again: nothing to upload, the same release",
        "apply",
        applying(FIRST),
        expect=RELEASED,
        keep={"again": "release_id"},
        serves={"/": PAGE},
    ),
    Step(
        "second apply",
        "patches the site",
        "apply",
        applying(SECOND),
        expect=RELEASED,
        keep={"second": "release_id", "deployment": "urls.deployment_id"},
        serves={"/": PAGE_2, "/style.css": STYLE, "/docs/about.html": None},
    ),
    Step(
        "active release",
        "reads the active release",
        "active",
        expect={
            "release_id": identifier("rel"),
            "site": {"paths": some({"path": "index.html"})},
            "subdomains": {"names": [NAME]},
        },
    ),
    Step(
        "release by id",
        "reads the first release",
        "release",
        lambda memory: {"release": memory["first"]},
        expect={"release_id": identifier("rel"), "site": {"paths": some({"path": "docs/about.html"})}},
    ),
    Step(
        "diff",
        "compares the two releases",
        "diff",
        lambda memory: {"from": memory["first"], "to": memory["second"]},
        expect={
            "site": {"added": [], "removed": ["docs/about.html"], "changed": [{"path": "index.html"}]},
            "from_release_id": identifier("rel"),
            "to_release_id": identifier("rel"),
        },
    ),
    Step(
        "resolve",
        "asks what its address would serve",
        "resolve",
        lambda memory: {"url": f"{memory['app']}/style.css"},
        expect={"result": 200, "static_sha256": text, "authorized": True},
    ),
    Step(
        "resolve nothing",
        "asks about an address that serves nothing",
        "resolve",
        lambda memory: {"url": f"{memory['app']}/nothing.css"},
        expect={"result": 404},
    ),
    Step(
        "operations",
        "lists its operations",
        "operations",
        expect={"operations": some({"operation_id": identifier("op"), "status": "ready"})},
    ),
    Step(
        "operation",
        "reads one operation",
        "operation",
        lambda memory: {"operation": memory["operation"]},
        expect={"operation_id": identifier("op"), "status": "ready"},
    ),
    Step(
        "events",
        "reads what happened in it",
        "events",
        lambda memory: {"operation": memory["operation"]},
        expect={"events": some({"type": text})},
    ),
    Step(
        "promote",
        "brings the first release back",
        "promote",
        lambda memory: {"release": memory["first"]},
        expect={"release_id": identifier("rel"), "previous_release_id": identifier("rel")},
        serves={"/": PAGE, "/docs/about.html": ABOUT},
    ),
    Step(
        "promote the live one",
        "is told that the release is live already",
        "promote",
        lambda memory: {"release": memory["first"]},
        error={"code": "PROMOTE_NO_OP"},
    ),
]
NAMES = [
    Step("subdomains", "lists its names", "subdomains", expect=[{"name": NAME}]),
    Step(
        "claim",
        "claims a second name",
        "subdomain_claim",
        lambda memory: {"name": "gaestebuch", "deployment": memory["deployment"]},
        expect={"name": "gaestebuch", "url": text},
    ),
    Step(
        "release a name",
        "gives it up",
        "subdomain_release",
        lambda memory: {"name": "gaestebuch"},
        expect=anything,
    ),
    Step("usage", "reads its usage", "usage", expect={"tier": "prototype", "storage_bytes": positive}),
]

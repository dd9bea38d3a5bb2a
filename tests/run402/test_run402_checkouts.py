"""Links to pay by card, at newer and older gateways: what is asked, what is read, and that no repr shows the link."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from run402.errors import BadAnswer, NotFound
from run402.generations import ProcessMemory
from run402.resources.checkouts import CheckoutLink
from tests.run402.gateways import ALICE, Gateway, ok

URL = "https://checkout.stripe.com/c/pay/cs_live_a1#fid"
ORG = {"org_id": "org-1", "available_usd_micros": 0}


def link(**fields: Any) -> dict[str, Any]:
    return {"org_id": "org-1", "product": "tier", "checkout_url": URL, "topup_id": "top_123", **fields}


def ask(gateway: Gateway, **options: Any) -> CheckoutLink:
    return gateway.client(memory=ProcessMemory()).checkouts.for_tier("hobby", **options)


def paths(gateway: Gateway) -> list[str]:
    return [request.url.raw_path.decode() for request in gateway.requests]


def test_a_newer_gateway_is_asked_for_the_wallets_organization() -> None:
    gateway = Gateway(ok(ORG), ok(link(later_field=1)))
    made = ask(gateway, success_url="https://panel.example/paid", idempotency_key="key-1")
    assert (made.url, made.topup_id, made.org_id, made.product) == (URL, "top_123", "org-1", "tier")
    assert (made.expires_at, made.raw["later_field"]) == (None, 1)
    assert paths(gateway) == [f"/orgs/v1/lookup?wallet={ALICE.lower()}", "/orgs/v1/org-1/checkouts"]
    assert gateway.sent == {"product": "tier", "tier": "hobby", "success_url": "https://panel.example/paid"}
    assert gateway.last.headers["Idempotency-Key"] == "key-1"
    assert "SIGN-IN-WITH-X" in gateway.last.headers


def test_an_older_gateway_is_asked_for_the_address_and_nobody_signs_in() -> None:
    gateway = Gateway(ok({}, 404), ok({"checkout_url": URL, "topup_id": "top_1"}))
    assert ask(gateway).topup_id == "top_1"
    assert paths(gateway)[1] == "/billing/v1/tiers/hobby/checkout"
    assert gateway.sent == {"wallet": ALICE.lower()}
    assert "SIGN-IN-WITH-X" not in gateway.last.headers


def test_the_generation_is_remembered_for_tier_and_balance_together() -> None:
    gateway = Gateway(ok({}, 404), ok(link()), ok(link()))
    client = gateway.client(memory=ProcessMemory())
    client.checkouts.for_tier("hobby")
    client.checkouts.for_balance(5_000_000)
    assert paths(gateway)[1:] == ["/billing/v1/tiers/hobby/checkout", "/billing/v1/checkouts"]
    assert gateway.sent == {"wallet": ALICE.lower(), "amount_usd_micros": 5_000_000}


def test_a_balance_is_topped_up_at_a_newer_gateway() -> None:
    gateway = Gateway(ok(ORG), ok(link(product="balance_topup")))
    made = gateway.client(memory=ProcessMemory()).checkouts.for_balance(500_000)
    assert made.product == "balance_topup"
    assert gateway.sent == {"product": "balance_topup", "amount_usd_micros": 500_000}


@pytest.mark.parametrize("micros", [0, 499_999, 490_000, 505_000, -500_000])
def test_too_little_and_parts_of_a_cent_are_not_asked_for(micros: int) -> None:
    gateway = Gateway()
    with pytest.raises(ValueError, match="whole cents"):
        gateway.client(memory=ProcessMemory()).checkouts.for_balance(micros)
    assert gateway.requests == []


def test_camel_case_and_a_told_end_are_read() -> None:
    answer = {"checkoutUrl": URL, "topupId": "top_2", "expiresAt": "2026-11-27T12:00:00Z"}
    made = ask(Gateway(ok(ORG), ok(answer)))
    assert (made.topup_id, made.expires_at) == ("top_2", datetime(2026, 11, 27, 12, tzinfo=UTC))


@pytest.mark.parametrize("broken", [{}, {"checkout_url": ""}, {"checkout_url": 5}, {"checkout_url": None}])
def test_an_answer_without_a_link_is_a_bad_answer(broken: dict[str, Any]) -> None:
    with pytest.raises(BadAnswer, match="checkout_url"):
        ask(Gateway(ok(ORG), ok(broken)))


def test_where_neither_generation_has_checkouts_it_is_not_found() -> None:
    with pytest.raises(NotFound):
        ask(Gateway(ok({}, 404), ok({}, 404)))


def test_the_link_is_in_no_repr() -> None:
    assert "cs_live" not in repr(ask(Gateway(ok(ORG), ok(link()))))

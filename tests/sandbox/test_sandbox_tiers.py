from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sandbox import lease
from sandbox.clock import DAY
from sandbox.store.accounts import Account
from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player

STATUS = "/tiers/v1/status"


def give(http: Http, player: Player, dollars: int) -> None:
    body = {"address": player.address, "amount_usd_micros": dollars * 1_000_000}
    assert http.post("/_sandbox/fund", json=body).status_code == 201


def days_later(http: Http, days: float) -> None:
    assert (
        http.post(
            "/_sandbox/knobs", json={"do": "clock", "seconds": days * DAY, "only": "leases"}
        ).status_code
        == 200
    )


def lease_of(body: dict[str, str]) -> timedelta:
    start, end = (datetime.fromisoformat(body[name]) for name in ("lease_started_at", "lease_expires_at"))
    return end - start


def test_quote_is_a_map_with_text_prices(http: Http) -> None:
    tiers = http.get("/tiers/v1").json()["tiers"]
    assert {name: tier["price"] for name, tier in tiers.items()} == {
        "prototype": "$0.10",
        "hobby": "$5.00",
        "team": "$20.00",
    }
    assert tiers["prototype"]["lease_days"] == 7


def test_status_of_a_new_wallet_is_empty(charlie: Player) -> None:
    body = charlie.ask("GET", STATUS).json()
    assert (body["tier"], body["active"], body["lease_expires_at"]) == (None, False, None)
    assert body["pool_usage"]["projects"] == 0


def test_first_purchase_subscribes_for_a_week(alice: Player) -> None:
    body = alice.ask("GET", STATUS).json()
    assert (body["tier"], body["active"]) == ("prototype", True)
    assert lease_of(body) == timedelta(days=7)
    assert body["function_limits"]["max_function_timeout_seconds"] == 10


def test_same_tier_renews_from_the_current_expiry(alice: Player) -> None:
    body = alice.buy().json()
    assert (body["action"], body["previous_tier"]) == ("renew", "prototype")
    assert lease_of(body) == timedelta(days=14)


def test_purchase_after_the_end_subscribes_again(http: Http, alice: Player) -> None:
    days_later(http, 8)
    assert alice.ask("GET", STATUS).json()["active"] is False
    assert alice.buy().json()["action"] == "subscribe"


def test_upgrade_credits_the_rest_of_the_lease(http: Http, alice: Player) -> None:
    give(http, alice, 20)
    body = alice.buy("hobby").json()
    assert (body["action"], body["previous_tier"], body["tier"]) == ("upgrade", "prototype", "hobby")
    assert 99_000 < body["allowance_remaining_usd_micros"] <= 100_000
    assert lease_of(body) == timedelta(days=30)


def test_downgrade_pays_from_the_credit_without_a_challenge(http: Http, alice: Player) -> None:
    give(http, alice, 20)
    alice.buy("hobby")
    before = alice.balance()
    assert alice.buy("prototype").json()["action"] == "downgrade"
    credit = alice.ask("POST", "/tiers/v1/prototype", json={})
    assert (credit.status_code, credit.json()["action"]) == (200, "renew")
    assert "PAYMENT-RESPONSE" not in credit.headers
    assert alice.balance() == before - 100_000


def test_downgrade_that_does_not_fit_is_refused() -> None:
    account = Account("0x1", "hobby", 0.0, 30.0 * DAY)
    with pytest.raises(lease.DoesNotFit):
        lease.change(account, lease.TIERS["prototype"], 1.0, used_bytes=251 * lease.MB)


def test_unknown_tier_is_a_bad_request(alice: Player) -> None:
    response = alice.ask("POST", "/tiers/v1/platinum", json={})
    assert (response.status_code, response.json()["code"]) == (400, "UNKNOWN_TIER")


@pytest.mark.parametrize(
    ("days", "state"), [(0, "active"), (6, "active"), (8, "past_due"), (22, "frozen"), (52, "dormant")]
)
def test_lifecycle_follows_the_end_of_the_lease(days: float, state: str) -> None:
    account = Account("0x1", "prototype", 0.0, 7.0 * DAY)
    assert lease.lifecycle(account, days * DAY) == state


def test_frozen_project_refuses_deploys_until_the_tier_is_renewed(http: Http, guestbook: Owned) -> None:
    days_later(http, 7 + 15)
    refused = guestbook.plan({"i18n": None})
    assert (refused.status_code, refused.json()["code"]) == (403, "PROJECT_FROZEN")
    assert refused.json()["next_actions"][0]["action"] == "renew_tier"
    guestbook.player.buy()
    assert guestbook.plan({"i18n": None}).status_code == 200


def test_pool_usage_counts_projects_and_live_bytes(guestbook: Owned) -> None:
    guestbook.deploy({"index.html": b"12345"})
    pool = guestbook.player.ask("GET", STATUS).json()["pool_usage"]
    assert (pool["projects"], pool["total_storage_bytes"]) == (1, 5)
    assert pool["total_api_calls"] > 0

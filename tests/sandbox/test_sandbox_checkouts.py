"""Links to pay by card, the page they lead to, and what paying there changes (sandbox, contract: identity 4.3)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Player
from tests.sandbox.test_sandbox_billing import history, lookup

DAY = 24 * 3600


def asked(player: Player, **body: Any) -> httpx.Response:
    org = lookup(player).json()["org_id"]
    key = body.pop("key", None)
    return player.ask("POST", f"/orgs/v1/{org}/checkouts", json=body, key=key)


def link(player: Player, **body: Any) -> str:
    response = asked(player, **body)
    assert response.status_code == 200, response.text
    return str(response.json()["checkout_url"])


def press(http: Http, url: str, button: str) -> httpx.Response:
    return http.post(f"{url}/{button}", follow_redirects=True)


def status(player: Player) -> dict[str, Any]:
    return dict(player.ask("GET", "/tiers/v1/status").json())


def test_a_paid_link_sets_the_tier_and_the_ledger_names_it(http: Http, charlie: Player) -> None:
    made = asked(charlie, product="tier", tier="hobby").json()
    assert set(made) == {"org_id", "product", "checkout_url", "topup_id"}
    assert "Paid. You can close this page." in press(http, made["checkout_url"], "pay").text
    assert (status(charlie)["tier"], status(charlie)["active"]) == ("hobby", True)
    lines = [
        (line["direction"], line["kind"], line["amount_usd_micros"], line["reference_id"])
        for line in history(charlie)["entries"]
    ]
    assert lines == [
        ("debit", "tier", 5_000_000, "hobby"),
        ("credit", "stripe_topup", 5_000_000, made["topup_id"]),
    ]
    assert lookup(charlie).json()["available_usd_micros"] == 0


def test_a_link_is_paid_once_however_often_the_button_is_pressed(http: Http, charlie: Player) -> None:
    url = link(charlie, product="tier", tier="hobby")
    press(http, url, "pay")
    ends = status(charlie)["lease_expires_at"]
    press(http, url, "pay")
    assert status(charlie)["lease_expires_at"] == ends


def test_a_top_up_comes_into_the_balance(http: Http, charlie: Player) -> None:
    press(http, link(charlie, product="balance_topup", amount_usd_micros=1_500_000), "pay")
    assert lookup(charlie).json()["available_usd_micros"] == 1_500_000
    assert status(charlie)["tier"] is None


def test_who_leaves_pays_nothing_and_can_come_back(http: Http, charlie: Player) -> None:
    url = link(charlie, product="tier", tier="hobby", cancel_url="http://localhost:8000/tiers")
    left = press(http, url, "abandon").text
    assert "You left without paying." in left
    assert 'href="http://localhost:8000/tiers"' in left
    assert status(charlie)["tier"] is None
    assert "Paid." in press(http, url, "pay").text


def test_a_link_ends_with_its_day_or_at_once_and_takes_no_payment_then(http: Http, charlie: Player) -> None:
    old, ended = (link(charlie, product="tier", tier="hobby") for _ in range(2))
    assert "This link has expired." in press(http, ended, "expire").text
    http.turn(do="clock", seconds=DAY + 1, only="leases")
    assert "This link has expired." in press(http, old, "pay").text
    assert (status(charlie)["tier"], history(charlie)["entries"]) == (None, [])


def test_a_smaller_tier_that_does_not_fit_is_not_charged(
    http: Http, charlie: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(http, link(charlie, product="tier", tier="hobby"), "pay")
    url = link(charlie, product="tier", tier="prototype")
    monkeypatch.setattr("sandbox.page.checkout.live_bytes", lambda store, wallet: 10**9)
    page = press(http, url, "pay")
    assert (page.status_code, "Nothing was charged." in page.text) == (409, True)
    assert (status(charlie)["tier"], len(history(charlie)["entries"])) == ("hobby", 2)


def test_the_same_key_gives_the_same_link(charlie: Player) -> None:
    first, second = (link(charlie, product="tier", tier="hobby", key="once") for _ in range(2))
    assert first == second


def test_the_older_addresses_answer_without_a_sign_in(http: Http, charlie: Player) -> None:
    tier = http.post("/billing/v1/tiers/hobby/checkout", json={"wallet": charlie.address.lower()}).json()
    assert set(tier) == {"checkout_url", "topup_id"}
    press(http, tier["checkout_url"], "pay")
    body = {"wallet": charlie.address.lower(), "amount_usd_micros": 500_000}
    press(http, http.post("/billing/v1/checkouts", json=body).json()["checkout_url"], "pay")
    assert (status(charlie)["tier"], lookup(charlie).json()["available_usd_micros"]) == ("hobby", 500_000)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"product": "email_pack"},
        {"product": "tier"},
        {"product": "tier", "tier": "castle"},
        {"product": "balance_topup"},
        {"product": "balance_topup", "amount_usd_micros": 499_999},
        {"product": "balance_topup", "amount_usd_micros": 505_000},
        {"product": "balance_topup", "amount_usd_micros": True},
        {"product": "tier", "tier": "hobby", "success_url": "javascript:alert(1)"},
    ],
)
def test_a_broken_wish_gets_no_link(charlie: Player, body: dict[str, Any]) -> None:
    assert asked(charlie, **body).status_code == 400


def test_only_a_member_asks_for_an_organization(alice: Player, charlie: Player) -> None:
    org = lookup(alice).json()["org_id"]
    body = {"product": "tier", "tier": "hobby"}
    assert charlie.ask("POST", f"/orgs/v1/{org}/checkouts", json=body).status_code == 403


def test_pages_of_other_origins_press_no_button(http: Http, charlie: Player) -> None:
    url = link(charlie, product="tier", tier="hobby")
    assert http.post(f"{url}/pay", headers={"Origin": "https://evil.example"}).status_code == 403
    assert http.get("/_sandbox/checkout/cs_sandbox_guessed").status_code == 404
    assert status(charlie)["tier"] is None


def test_a_knob_leads_to_a_foreign_host(http: Http, charlie: Player) -> None:
    http.turn(do="foreign_checkout", url="https://evil.example/pay")
    assert link(charlie, product="tier", tier="hobby") == "https://evil.example/pay"
    assert link(charlie, product="tier", tier="hobby").startswith(f"{http.origin}/_sandbox/checkout/")


def test_the_page_is_plain_and_its_address_stands_nowhere_else(http: Http, charlie: Player) -> None:
    url = link(charlie, product="tier", tier="hobby")
    page = http.get(url)
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert ("<script" in page.text, "style=" in page.text, "{{" in page.text) == (False, False, False)
    assert url.rpartition("/")[2] not in http.get("/").text
    assert "/_sandbox/checkout/<" in http.get("/").text

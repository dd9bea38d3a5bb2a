"""A wallet's account at the sandbox: prepaid balance, what changed it, and who may look (contract: identity 4.3)."""

from __future__ import annotations

from typing import Any

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Player


def top_up(http: Http, player: Player, micros: int) -> None:
    body = {"address": player.address, "amount_usd_micros": micros}
    assert http.post("/_sandbox/credit", json=body).status_code == 201


def lookup(player: Player, address: str = "") -> Any:
    return player.ask("GET", f"/orgs/v1/lookup?wallet={address or player.address.lower()}")


def history(player: Player, query: str = "") -> dict[str, Any]:
    org = lookup(player).json()["org_id"]
    answer: dict[str, Any] = player.ask("GET", f"/orgs/v1/{org}/billing/history{query}").json()
    return answer


def test_an_account_has_a_balance_and_an_organization(http: Http, charlie: Player) -> None:
    top_up(http, charlie, 1_500_000)
    found = lookup(charlie).json()
    assert (found["available_usd_micros"], found["email_credits_remaining"], found["tier"]) == (
        1_500_000,
        0,
        None,
    )
    assert charlie.ask("GET", f"/orgs/v1/{found['org_id']}/billing").json() == found


def test_a_tier_is_paid_from_the_balance_where_that_is_enough_and_the_ledger_tells(
    http: Http, charlie: Player
) -> None:
    top_up(http, charlie, 250_000)
    assert charlie.ask("POST", "/tiers/v1/prototype", json={}).status_code == 200
    told = [
        (line["direction"], line["kind"], line["amount_usd_micros"], line["balance_after_available"])
        for line in history(charlie)["entries"]
    ]
    assert told == [("debit", "tier", 100_000, 150_000), ("credit", "stripe_topup", 250_000, 250_000)]


def test_what_x402_pays_leaves_the_balance_alone(alice: Player) -> None:
    assert history(alice) == {
        "org_id": lookup(alice).json()["org_id"],
        "entries": [],
        "has_more": False,
        "next_cursor": None,
    }


def test_the_ledger_has_pages(http: Http, charlie: Player) -> None:
    for micros in (1, 2, 3):
        top_up(http, charlie, micros)
    first = history(charlie, "?limit=2")
    second = history(charlie, f"?limit=2&after={first['next_cursor']}")
    amounts = [[line["amount_usd_micros"] for line in page["entries"]] for page in (first, second)]
    assert (amounts, first["has_more"], second["next_cursor"]) == ([[3, 2], [1]], True, None)


def test_a_wallet_sees_its_own_account_only(http: Http, alice: Player, charlie: Player) -> None:
    assert lookup(charlie, alice.address).status_code == 403
    org = lookup(alice).json()["org_id"]
    assert charlie.ask("GET", f"/orgs/v1/{org}/billing/history").status_code == 403
    assert http.get(f"/orgs/v1/lookup?wallet={alice.address}").status_code == 402
    assert lookup(charlie, "0x12").status_code == 400


def test_the_older_addresses_answer_alike(http: Http, charlie: Player) -> None:
    top_up(http, charlie, 9)
    old = http.get(f"/billing/v1/accounts/{charlie.address}").json()
    assert (old["identifier_type"], old["available_usd_micros"]) == ("wallet", 9)
    lines = http.get(f"/billing/v1/accounts/{charlie.address}/history").json()
    assert lines["entries"] == history(charlie)["entries"]
    assert http.get("/billing/v1/accounts/a%40b.example").status_code == 404


def test_a_broken_top_up_gives_nothing(http: Http, charlie: Player) -> None:
    for micros in (0, -1, 1.5, "9", True, 10**16):
        body = {"address": charlie.address, "amount_usd_micros": micros}
        assert http.post("/_sandbox/credit", json=body).status_code == 400
    assert lookup(charlie).json()["available_usd_micros"] == 0

"""The account that Run402 keeps of a wallet, at newer and older gateways, and its ledger read in full or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from run402.errors import NotFound
from run402.generations import ProcessMemory
from run402.resources import billing
from tests.run402.gateways import ALICE, Gateway, ok

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
ORG = {"org_id": "org-1", "available_usd_micros": 5_000_000, "email_credits_remaining": 40}


def entry(number: int, **fields: Any) -> dict[str, Any]:
    """One made so many minutes before noon."""
    made = (AT - timedelta(minutes=number)).isoformat()
    return {
        "id": f"ent_{number}",
        "direction": "debit",
        "kind": "tier",
        "amount_usd_micros": 100,
        "created_at": made,
        **fields,
    }


def page(first: int, count: int, **fields: Any) -> httpx.Response:
    return ok({"entries": [entry(number) for number in range(first, first + count)], **fields})


def paths(gateway: Gateway) -> list[str]:
    return [request.url.raw_path.decode() for request in gateway.requests]


def test_the_newer_account_is_asked_with_the_wallets_sign_in() -> None:
    gateway = Gateway(ok({**ORG, "later_field": 1}))
    account = gateway.client(memory=ProcessMemory()).billing.account()
    assert (account.org_id, account.available_micros, account.email_credits) == ("org-1", 5_000_000, 40)
    assert (account.held_micros, account.raw["later_field"]) == (None, 1)
    assert paths(gateway) == [f"/orgs/v1/lookup?wallet={ALICE.lower()}"]
    assert "SIGN-IN-WITH-X" in gateway.last.headers


def test_an_older_gateway_answers_for_the_address_and_is_remembered() -> None:
    gateway = Gateway(ok({}, 404), ok({"available_usd_micros": 7}), ok({"available_usd_micros": 8}))
    client = gateway.client(memory=ProcessMemory())
    assert [client.billing.account().available_micros for _ in range(2)] == [7, 8]
    old = f"/billing/v1/accounts/{ALICE.lower()}"
    assert paths(gateway)[1:] == [old, old]
    assert "SIGN-IN-WITH-X" not in gateway.last.headers


def test_a_wallet_without_an_account_is_not_found() -> None:
    gateway = Gateway(ok({}, 404), ok({}, 404))
    with pytest.raises(NotFound):
        gateway.client(memory=ProcessMemory()).billing.account()


def test_the_ledger_is_read_back_to_a_moment_over_its_pages() -> None:
    first = page(0, 2, has_more=True, next_cursor="ent_1")
    gateway = Gateway(ok(ORG), first, ok(ORG), page(2, 3, has_more=True, next_cursor="ent_4"))
    found = gateway.client(memory=ProcessMemory()).billing.history_since(AT - timedelta(minutes=3))
    assert [one.id for one in found] == ["ent_0", "ent_1", "ent_2", "ent_3"]
    assert paths(gateway)[3] == "/orgs/v1/org-1/billing/history?limit=200&after=ent_1"


def test_a_short_ledger_is_whole_when_it_ends() -> None:
    gateway = Gateway(ok(ORG), page(0, 2, has_more=False, next_cursor=None))
    client = gateway.client(memory=ProcessMemory())
    assert len(client.billing.history_since(AT - timedelta(days=9))) == 2


def test_an_older_ledger_that_may_go_on_beyond_its_only_page_is_not_taken_for_whole() -> None:
    gateway = Gateway(ok({}, 404), page(0, billing.PAGE))
    client = gateway.client(memory=ProcessMemory())
    with pytest.raises(billing.LedgerIncomplete):
        client.billing.history_since(AT - timedelta(days=9))
    gateway.replies.append(page(0, billing.PAGE))
    assert len(client.billing.history_since(AT - timedelta(minutes=9))) == 10


def test_words_that_are_not_known_yet_are_kept() -> None:
    read = billing.read_entry(entry(1, direction="hold", kind="weather", reference_type="storm"))
    assert (read.direction, read.kind, read.reference_type, read.is_debit) == (
        "hold",
        "weather",
        "storm",
        False,
    )

"""Wallets in the panel's search."""

from __future__ import annotations

from teams.models import Team, User
from tests.billing.conftest import at
from tests.factories import WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway


def test_wallets_are_found_by_name_and_address_within_the_team(
    gateway: Gateway, team: Team, alice: User, client_as: ClientAs
) -> None:
    WalletFactory.create(team=team, gateway=gateway, label="Studio", address="0x" + "ab" * 20)
    WalletFactory.create(gateway=gateway, label="Studio of strangers", address="0x" + "cd" * 20)
    browser = at(client_as(alice), gateway)
    for text in ("studio", "0xABAB"):
        page = browser.get("/search", {"q": text}).content.decode()
        assert "0xabab…abab" in page
        assert "strangers" not in page

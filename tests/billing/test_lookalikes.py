"""The address of a wallet as a code, and the addresses that a hurried eye takes for it."""

from __future__ import annotations

import pytest

from billing.lookalikes import Lookalike, lookalikes_of
from teams.models import Team, User
from tests.factories import PaymentFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway, Wallet

ADDRESS = "0xAbCd" + "1" * 32 + "eF09"
ALIKE = "0xabcd" + "2" * 32 + "ef09"


@pytest.fixture
def owned(team: Team, alice: User, gateway: Gateway) -> Wallet:
    made: Wallet = WalletFactory.create(
        team=team, gateway=gateway, owner=alice, label="Till", address=ADDRESS
    )
    return made


def test_the_page_shows_the_whole_address_as_a_code_and_the_network(
    owned: Wallet, alice: User, client_as: ClientAs
) -> None:
    shown = client_as(alice).get(f"/wallets/{owned.pk}/address").content.decode()
    assert ADDRESS in shown
    assert '<svg class="qr" role="img" aria-label="The address as a code"' in shown
    assert "Base Sepolia only" in shown
    assert "looks like this one" not in shown


def test_another_wallet_and_a_payee_that_look_alike_are_named(
    owned: Wallet, team: Team, alice: User, gateway: Gateway, client_as: ClientAs
) -> None:
    WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Purse", address=ALIKE)
    payee = "0xABCD" + "3" * 32 + "EF09"
    for _ in range(2):
        PaymentFactory.create(wallet=owned, team=team, payee=payee)
    PaymentFactory.create(wallet=owned, team=team, payee="0xabcd" + "4" * 32 + "ef08")
    assert lookalikes_of(owned, alice.memberships.get().reach) == [
        Lookalike(ALIKE, "Purse"),
        Lookalike(payee, "an address that was paid"),
    ]
    shown = client_as(alice).get(f"/wallets/{owned.pk}/address").content.decode()
    assert "Another address looks like this one." in shown
    assert ALIKE in shown


def test_another_teams_wallet_is_nobodys_lookalike(owned: Wallet, alice: User) -> None:
    WalletFactory.create(address=ALIKE)
    assert lookalikes_of(owned, alice.memberships.get().reach) == []

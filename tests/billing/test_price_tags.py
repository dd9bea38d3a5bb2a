"""Every button that costs says so before anybody presses it: on every kind of operation that pays."""

from __future__ import annotations

import importlib
import inspect

import pytest

from operations import demanding
from operations.models import Operation
from operations.registry import kinds
from operations.work import Work
from teams.models import User
from tests.billing.conftest import at
from tests.factories import OperationFactory
from tests.fixtures import ClientAs
from tests.pricetags import SHOWN, require_tag
from tests.wallets.conftest import charge
from wallets.models import Payment, Wallet
from wallets.models.gateway import BASE_SEPOLIA


def test_every_kind_that_pays_has_a_test_of_its_price_tag() -> None:
    assert set(SHOWN) == {kind.name for kind in kinds if kind.pays}
    for name in SHOWN.values():
        module, _, test = name.rpartition(".")
        assert "require_tag(" in inspect.getsource(getattr(importlib.import_module(module), test)), name


def test_a_tier_says_what_it_costs_before_anybody_pays(
    funded: Wallet, alice: User, client_as: ClientAs
) -> None:
    browser = at(client_as(alice), funded.gateway)
    html = browser.get(f"/wallets/{funded.pk}/tier/prototype").content.decode()
    require_tag(html, micros=100_000, network=BASE_SEPOLIA, wallet=funded, left=900_000)
    Wallet.objects.filter(pk=funded.pk).update(balance_micros=None)
    html = browser.get(f"/wallets/{funded.pk}/tier/prototype").content.decode()
    require_tag(html, micros=100_000, network=BASE_SEPOLIA, wallet=funded, left=None)


def test_a_kind_that_says_no_price_gets_no_money(funded: Wallet, alice: User) -> None:
    operation: Operation = OperationFactory.create(
        team=funded.team, kind="wallet.balance", wallet=funded, actor=alice
    )
    with pytest.raises(LookupError, match="pays"):
        demanding.reserve(Work(operation), funded, charge(operation=operation.pk), cost="tier")
    assert Payment.objects.count() == 0


def test_nothing_is_ever_paid_by_looking(funded: Wallet, alice: User, client_as: ClientAs) -> None:
    browser = at(client_as(alice), funded.gateway)
    browser.get(f"/wallets/{funded.pk}/tier/prototype?micros=100000&sure=on")
    assert (Payment.objects.count(), Operation.objects.filter(kind="tier.set").count()) == (0, 0)

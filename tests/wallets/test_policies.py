"""Spending limits: only what a worker wrote counts."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Refusal
from tests.factories import WalletFactory
from wallets import policies
from wallets.models import SpendPolicy, Wallet
from wallets.models.gateway import BASE_MAINNET, BASE_SEPOLIA
from wallets.policies import Limits
from wallets.vault import Locked

LIMITS = Limits(1_000_000, 2_000_000, (BASE_SEPOLIA,))


@pytest.fixture
def wallet(keysets: None, db: None) -> Wallet:
    made: Wallet = WalletFactory.create()
    policies.write(made, LIMITS)
    return made


def test_what_a_worker_wrote_is_read_back(wallet: Wallet) -> None:
    assert policies.verified(wallet) == LIMITS


def test_each_writing_is_a_new_version(wallet: Wallet) -> None:
    policies.write(wallet, Limits(1, 2, (BASE_SEPOLIA,)))
    assert SpendPolicy.objects.get().version == 2
    assert policies.verified(wallet) == Limits(1, 2, (BASE_SEPOLIA,))


@pytest.mark.parametrize(
    "change",
    [
        {"per_payment_micros": 9_000_000},
        {"per_day_micros": 9_000_000},
        {"networks": [BASE_SEPOLIA, BASE_MAINNET]},
        {"version": 7},
        {"mac": b""},
    ],
)
def test_a_row_that_was_tampered_with_refuses(wallet: Wallet, change: dict[str, Any]) -> None:
    SpendPolicy.objects.update(**change)
    with pytest.raises(Refusal) as refused:
        policies.verified(wallet)
    assert refused.value.fault.code == "POLICY_TAMPERED"


def test_the_limits_of_another_wallet_do_not_count(wallet: Wallet) -> None:
    other = WalletFactory.create()
    SpendPolicy.objects.update(wallet=other)
    with pytest.raises(Refusal) as refused:
        policies.verified(other)
    assert refused.value.fault.code == "POLICY_TAMPERED"


def test_a_wallet_without_limits_pays_nothing(keysets: None, db: None) -> None:
    with pytest.raises(Refusal) as refused:
        policies.verified(WalletFactory.create())
    assert refused.value.fault.code == "POLICY_MISSING"


def test_web_writes_no_limits(public_keyset: None, db: None) -> None:
    with pytest.raises(Locked):
        policies.write(WalletFactory.create(), LIMITS)
    assert SpendPolicy.objects.count() == 0

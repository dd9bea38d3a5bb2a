"""Wallets that can pay, as far as the gate is concerned."""

from __future__ import annotations

import uuid

import pytest

from audit.record import SYSTEM
from run402 import x402
from tests.factories import WalletFactory
from wallets import policies
from wallets.models import Wallet
from wallets.models.gateway import BASE_SEPOLIA
from wallets.policies import Limits
from wallets.spending import Charge


@pytest.fixture
def wallet(keysets: None, db: None) -> Wallet:
    """A wallet with a dollar per payment and two per day."""
    made: Wallet = WalletFactory.create()
    policies.write(made, Limits(1_000_000, 2_000_000, (BASE_SEPOLIA,)))
    return made


def charge(
    micros: int = 100_000, *, network: str = BASE_SEPOLIA, operation: uuid.UUID | None = None
) -> Charge:
    """Return what an operation of its own would pay at most."""
    return Charge(operation or uuid.uuid4(), "tier.set", "Prototype tier", micros, network, SYSTEM)


def signed(
    nonce: str = "0x" + "11" * 32, *, micros: int = 100_000, valid_before: int = 2_000_000_000
) -> x402.SignedPayment:
    """Return a signed payment whose header is worth nothing."""
    address = "0x" + "22" * 20
    return x402.SignedPayment(
        "header-of-" + nonce, nonce, valid_before, 0, micros, BASE_SEPOLIA, address, address, address, {}
    )

"""The panel pays for a tier by MPP: web's services, the real handlers, npm's `mppx`, a local Tempo.

Run by `mpp_steps` with pytest, where the extra is installed beside the panel's own packages; not by `make test`.
"""

from __future__ import annotations

import os
import time
from typing import Any

import httpx
import pytest

from audit.record import SYSTEM
from billing import rails, services
from operations import runner
from operations.models import Operation
from operations.pulse import beat_once
from operations.registry import INTERACTIVE
from run402 import mpp
from teams.models import Team, User
from tests.billing.conftest import TIERS
from tests.conformance.mpp_chain import TempoChain
from tests.fixtures import RunOperations
from wallets import payees, policies, signer, spending
from wallets.limits import Limits
from wallets.models import Gateway, Payment, Wallet
from wallets.models.gateway import TEMPO_MODERATO

pytestmark = pytest.mark.django_db
PRICE, START = 100_000, 5_000_000


@pytest.fixture
def chain(settings: Any) -> Any:
    settings.TEMPO_RPC = os.environ["MPP_RPC_URL"]
    with httpx.Client(trust_env=False, timeout=10) as http, mpp.Tempo(settings.TEMPO_RPC) as reader:
        yield TempoChain(settings.TEMPO_RPC, http, reader)


@pytest.fixture
def shop(db: None) -> Gateway:
    """A gateway of Cloud's kind that takes MPP."""
    rows = {row["name"]: row for row in TIERS}
    prices = [{**rows["prototype"], "name": name} for name in ("prototype", "lost", "dear")]
    return Gateway.objects.create(
        slug="shop", name="Shop", kind=Gateway.Kind.CLOUD, url=os.environ["MPP_SHOP_URL"], tiers=prices
    )


@pytest.fixture
def wallet(
    chain: TempoChain, shop: Gateway, keysets: None, team: Team, alice: User, run_operations: RunOperations
) -> Wallet:
    """A wallet that a worker made to pay by MPP, with five dollars of pathUSD, and a known payee."""
    beat_once("here")
    made = services.make_wallet(
        team=team,
        actor=alice,
        gateway=shop,
        label="Payer",
        limits=Limits(1_000_000, 2_000_000),
        rail=Wallet.Rail.MPP,
    )
    run_operations()
    made.refresh_from_db()
    assert (made.is_ready, policies.verified(made).networks) == (True, (TEMPO_MODERATO,))
    payees.trust(team, shop, os.environ["MPP_RECIPIENT"], actor=SYSTEM)
    chain.fund(made.address, START)
    return made


def buy(wallet: Wallet, alice: User, tier: str = "prototype") -> Operation:
    return services.set_tier(wallet=wallet, actor=alice, tier=tier, shown_micros=PRICE)


def ended(operation: Operation) -> tuple[str, str]:
    operation.refresh_from_db()
    return operation.state, operation.error.get("code", "")


def test_a_tier_is_paid_once_and_the_ledger_holds_price_and_fee(
    chain: TempoChain, wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = buy(wallet, alice)
    run_operations()
    assert ended(operation) == ("succeeded", "")
    payment = Payment.objects.get(operation_id=operation.pk)
    assert (payment.state, payment.paid_by, payment.network) == ("settled", "mpp", TEMPO_MODERATO)
    assert bytes(payment.authorization_sealed) == b""
    assert payment.payee.lower() == os.environ["MPP_RECIPIENT"].lower()
    assert payment.transaction == payment.nonce
    gone = START - chain.reader.balance(wallet.address)
    assert payment.settled_micros == gone
    assert PRICE <= gone <= payment.amount_micros
    wallet.refresh_from_db()
    assert wallet.tier == "prototype"


def test_an_answer_that_is_lost_is_looked_up_and_nothing_is_paid_twice(
    chain: TempoChain, wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = buy(wallet, alice, "lost")
    runner.run_due(INTERACTIVE)
    payment = Payment.objects.get(operation_id=operation.pk)
    assert payment.state == "unknown"
    held = spending.held_charge(payment)
    assert held is not None
    assert held.transaction_hash == payment.nonce
    assert held.credential.encode() not in bytes(payment.authorization_sealed)
    Payment.objects.filter(pk=payment.pk).update(valid_before=int(time.time()) - 1)  # as half a minute does
    run_operations()
    payment.refresh_from_db()
    assert (payment.state, payment.paid_by) == ("settled", "mpp")
    assert ended(operation) == ("succeeded", "")
    assert payment.settled_micros == START - chain.reader.balance(wallet.address)


def test_a_price_above_the_shown_one_is_refused_before_anything_is_signed(
    chain: TempoChain, wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = buy(wallet, alice, "dear")
    run_operations()
    assert ended(operation) == ("failed", "PRICE_CHANGED")
    payment = Payment.objects.get(operation_id=operation.pk)
    assert (payment.state, payment.nonce) == ("released", "")
    assert chain.reader.balance(wallet.address) == START


def test_a_payee_nobody_knows_is_refused_before_anything_is_signed(
    chain: TempoChain, wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    payees.trust(wallet.team, wallet.gateway, "0x" + "11" * 20, actor=SYSTEM)
    operation = buy(wallet, alice)
    run_operations()
    assert ended(operation) == ("failed", "PAYEE_CHANGED")
    assert chain.reader.balance(wallet.address) == START


def test_after_a_switch_back_it_pays_by_x402_and_finds_no_offer(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    rails.switch(wallet=wallet, actor=alice, rail=Wallet.Rail.X402)
    run_operations()
    wallet.refresh_from_db()
    assert (wallet.rail, policies.verified(wallet).networks) == ("x402", ("eip155:84532",))
    assert signer.can_pay_by_mpp() is True

"""A wallet's rail: who may choose MPP, what a switch writes, what the gate refuses. Paying: `make conformance`."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from audit.models import Event
from audit.record import SYSTEM
from billing import rails, services
from billing.services import NewLimits
from core.errors import Refusal
from operations.models import Operation, WorkerPulse
from operations.pulse import beat_once
from run402.mpp.tempo import Tempo
from teams.models import Team, User
from tests.billing.conftest import TIERS, at, attempt
from tests.factories import PaymentFactory
from tests.fixtures import ClientAs, RunOperations
from tests.run402.tempo import SIGNED
from tests.sandboxes import Sandbox
from wallets import policies, signer, spending
from wallets.limits import Limits, money_of
from wallets.models import Gateway, Payment, Wallet
from wallets.models.gateway import BASE_SEPOLIA, TEMPO_MAINNET, TEMPO_MODERATO
from wallets.spending import Charge

DOLLAR = 1_000_000


@pytest.fixture
def cloud(db: None, sandbox: Sandbox) -> Gateway:
    """The sandbox under Cloud's kind: it asks for money by x402 only."""
    row: Gateway = sandbox.gateway
    row.kind, row.tiers = Gateway.Kind.CLOUD, TIERS
    row.save()
    return row


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """A worker that says it has the extra; no test here comes so far as to need it."""
    monkeypatch.setattr(signer, "can_pay_by_mpp", lambda: True)
    monkeypatch.setattr(Tempo, "balance", lambda chain, address: 5 * DOLLAR)
    beat_once("here")


@pytest.fixture
def payer(
    able: None, cloud: Gateway, keysets: None, team: Team, alice: User, run_operations: RunOperations
) -> Wallet:
    made = services.make_wallet(
        team=team, actor=alice, gateway=cloud, label="Payer", limits=NewLimits(DOLLAR, DOLLAR), rail="mpp"
    )
    run_operations()
    made.refresh_from_db()
    return made


def charge(network: str, micros: int = 150_000) -> Charge:
    return Charge(uuid.uuid4(), "tier.set", "Prototype tier", micros, network, SYSTEM)


def page(browser: Client, name: str, *args: Any) -> str:
    return browser.get(reverse(name, args=args)).content.decode()


# --- The choice ---


def test_without_a_worker_that_can_there_is_no_choice(
    cloud: Gateway, team: Team, alice: User, client_as: ClientAs
) -> None:
    browser = at(client_as(alice), cloud)
    assert 'name="rail"' not in page(browser, "billing:wallet_new")
    with pytest.raises(Refusal) as refused:
        services.make_wallet(
            team=team, actor=alice, gateway=cloud, label="No", limits=NewLimits(1, 1), rail="mpp"
        )
    assert refused.value.fault.code == "EXTRA_MISSING"


def test_a_worker_says_truly_whether_it_can(db: None) -> None:
    assert beat_once("here").pays_by_mpp is signer.can_pay_by_mpp()


def test_the_choice_is_shown_at_cloud_and_not_at_a_sandbox(
    able: None, cloud: Gateway, gateway: Gateway, alice: User, client_as: ClientAs
) -> None:
    assert 'name="rail"' in page(at(client_as(alice), cloud), "billing:wallet_new")
    Gateway.objects.filter(pk=gateway.pk).update(kind=Gateway.Kind.SANDBOX)
    gateway.refresh_from_db()
    assert rails.takes_mpp(gateway) is False


def test_a_wallet_made_for_mpp_may_pay_on_tempo_alone(
    payer: Wallet, alice: User, client_as: ClientAs
) -> None:
    assert payer.rail == "mpp"
    assert policies.verified(payer).networks == (TEMPO_MODERATO,)
    shown = page(at(client_as(alice), payer.gateway), "billing:wallet", payer.pk)
    assert "MPP, Tempo Moderato" in shown


# --- The gate ---


def test_tempo_has_test_money_and_its_mainnet_real_money() -> None:
    assert (money_of(TEMPO_MODERATO), money_of(TEMPO_MAINNET)) == ("test", "real")


@pytest.mark.parametrize(
    ("network", "code"), [(BASE_SEPOLIA, "RAIL_DIFFERS"), (TEMPO_MAINNET, "NETWORK_NOT_ALLOWED")]
)
def test_the_gate_refuses_every_network_but_the_rails(payer: Wallet, network: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        spending.reserve(payer, charge(network))
    assert refused.value.fault.code == code


def test_tempos_mainnet_is_refused_though_a_policy_allows_it(payer: Wallet) -> None:
    policies.write(payer, Limits(DOLLAR, DOLLAR, (TEMPO_MODERATO, TEMPO_MAINNET)))
    with pytest.raises(Refusal) as refused:
        spending.reserve(payer, charge(TEMPO_MAINNET))
    assert refused.value.fault.code == "NETWORK_NOT_ALLOWED"


def test_a_row_that_says_mpp_pays_no_other_way_than_its_limits_say(payer: Wallet) -> None:
    """Web could write the rail; the networks are under the worker's mark."""
    Wallet.objects.filter(pk=payer.pk).update(rail="x402")
    payer.refresh_from_db()
    with pytest.raises(Refusal):
        spending.reserve(payer, charge(BASE_SEPOLIA))


def test_payments_on_both_rails_use_one_limit(payer: Wallet) -> None:
    PaymentFactory.create(
        team=payer.team, wallet=payer, network=BASE_SEPOLIA, amount_micros=900_000, state="settled"
    )
    with pytest.raises(Refusal) as refused:
        spending.reserve(payer, charge(TEMPO_MODERATO))
    assert refused.value.fault.code == "LIMIT_PER_DAY"


def test_a_credential_is_kept_sealed_and_signed_once(payer: Wallet) -> None:
    payment = spending.reserve(payer, charge(TEMPO_MODERATO))
    purchase = spending.mpp_purchase(payment)
    assert purchase.policy.max_micros == payment.amount_micros - spending.MPP_FEE_MICROS
    purchase.before_send(SIGNED)
    assert (payment.state, payment.nonce) == ("signed", SIGNED.transaction_hash)
    assert SIGNED.credential.encode() not in bytes(payment.authorization_sealed)
    assert spending.held_charge(payment) == SIGNED
    with pytest.raises(Refusal) as refused:
        purchase.before_send(SIGNED)
    assert refused.value.fault.code == "SECOND_SIGNATURE"


def test_a_gateway_that_offers_no_mpp_is_paid_nothing(
    payer: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = services.set_tier(wallet=payer, actor=alice, tier="prototype", shown_micros=100_000)
    run_operations()
    operation.refresh_from_db()
    assert operation.error["code"] == "MPP_NOT_OFFERED"
    assert operation.error["next_actions"][0]["url"] == reverse("billing:wallet_pays", args=[payer.pk])
    payment = Payment.objects.get(operation_id=operation.pk)
    assert (payment.state, payment.nonce, payment.amount_micros) == ("released", "", 150_000)


# --- The switch ---


def test_a_switch_writes_the_limits_anew_and_is_recorded(
    payer: Wallet, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    browser, url = at(client_as(alice), payer.gateway), reverse("billing:wallet_pays", args=[payer.pk])
    assert "Base Sepolia" in browser.get(url).content.decode()
    browser.post(url)
    run_operations()
    payer.refresh_from_db()
    assert (payer.rail, payer.balance_micros == 5 * DOLLAR) == ("x402", False)
    assert policies.verified(payer) == Limits(DOLLAR, DOLLAR, (BASE_SEPOLIA,))
    told = Event.objects.get(action="wallet.rail_switched").details
    assert told == {"rail": "x402", "version": 2}


@pytest.mark.parametrize("state", ["reserved", "signed", "unknown"])
def test_no_switch_while_a_payment_is_open(payer: Wallet, alice: User, state: str) -> None:
    PaymentFactory.create(team=payer.team, wallet=payer, network=TEMPO_MODERATO, state=state)
    with pytest.raises(Refusal) as refused:
        rails.switch(wallet=payer, actor=alice, rail="x402")
    assert refused.value.fault.code == "PAYMENT_OPEN"


def test_the_worker_refuses_a_switch_that_web_let_through(payer: Wallet, alice: User) -> None:
    operation = rails.switch(wallet=payer, actor=alice, rail="x402")
    PaymentFactory.create(team=payer.team, wallet=payer, network=TEMPO_MODERATO, state="unknown")
    attempt(operation)
    payer.refresh_from_db()
    assert (operation.error["code"], payer.rail) == ("PAYMENT_OPEN", "mpp")


def test_a_worker_without_the_extra_makes_no_such_wallet(
    cloud: Gateway,
    keysets: None,
    team: Team,
    alice: User,
    run_operations: RunOperations,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signer, "can_pay_by_mpp", lambda: False)
    WorkerPulse.objects.create(name="elsewhere", pays_by_mpp=True)
    services.make_wallet(
        team=team, actor=alice, gateway=cloud, label="No", limits=NewLimits(1, 1), rail="mpp"
    )
    run_operations()
    assert Operation.objects.get(kind="wallet.create").error["code"] == "EXTRA_MISSING"


def test_a_developer_may_not_switch(payer: Wallet, bob: User, client_as: ClientAs) -> None:
    answer = at(client_as(bob), payer.gateway).post(reverse("billing:wallet_pays", args=[payer.pk]))
    assert answer.status_code == 403


def test_the_provider_of_tempo_is_the_operators(settings: Settings) -> None:
    settings.TEMPO_RPC = "http://127.0.0.1:9"
    with signer.tempo() as chain:
        assert chain.rpc_url == "http://127.0.0.1:9"

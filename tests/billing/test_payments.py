"""The ledger and one payment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from billing.ledger.sums import Total
from operations.models import Operation
from teams.models import Team, User
from tests.billing.conftest import at
from tests.factories import PaymentFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway, Payment, SpendPolicy, Wallet

State = Payment.State


@pytest.fixture
def browser(client_as: ClientAs, alice: User, gateway: Gateway) -> Client:
    return at(client_as(alice), gateway)


@pytest.fixture
def wallet(team: Team, gateway: Gateway, alice: User) -> Wallet:
    made: Wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice, label="First")
    return made


@pytest.fixture
def pay(wallet: Wallet) -> Callable[..., Payment]:
    def make(**fields: Any) -> Payment:
        payment: Payment = PaymentFactory.create(wallet=wallet, **fields)
        return payment

    return make


def purposes(browser: Client, query: str = "") -> list[str]:
    page = browser.get(f"/payments{query}").context["page"]
    return [row.payment.purpose for row in page.entries]


def test_the_ledger_shows_the_newest_first_and_sums_up(browser: Client, pay: Callable[..., Payment]) -> None:
    pay(purpose="old")
    pay(purpose="held", state=State.SIGNED, settled_micros=None)
    pay(purpose="lost", state=State.UNKNOWN, settled_micros=None)
    (totals,) = browser.get("/payments").context["page"].totals
    assert purposes(browser) == ["lost", "held", "old"]
    assert (totals.money, totals.settled, totals.held, totals.unknown) == (
        "test",
        Total(100_000, 1),
        Total(100_000, 1),
        Total(100_000, 1),
    )


def test_filters_stand_in_the_address(
    browser: Client, wallet: Wallet, pay: Callable[..., Payment], team: Team
) -> None:
    pay(purpose="tier", transaction="0xabc")
    lost = pay(purpose="image", state=State.UNKNOWN)
    other = WalletFactory.create(team=team, gateway=wallet.gateway, label="Second")
    PaymentFactory.create(wallet=other, purpose="elsewhere")
    assert purposes(browser, "?state=unknown") == ["image"]
    assert purposes(browser, f"?wallet={other.pk}") == ["elsewhere"]
    assert purposes(browser, "?q=0xAB") == ["tier"]
    assert purposes(browser, f"?q={lost.pk}") == ["image"]
    assert purposes(browser, "?q=nothing") == []
    assert purposes(browser, "?state=imaginary&wallet=no") == ["elsewhere", "image", "tier"]


def test_payments_of_another_gateway_are_not_in_the_list(
    browser: Client, pay: Callable[..., Payment], team: Team
) -> None:
    cloud = Gateway.objects.get(slug="cloud")
    PaymentFactory.create(wallet=WalletFactory.create(team=team, gateway=cloud), purpose="far away")
    pay(purpose="here")
    assert purposes(browser) == ["here"]


def test_a_payment_shows_where_the_money_went(browser: Client, pay: Callable[..., Payment]) -> None:
    payee, nonce = "0x" + "ab" * 20, "0x" + "cd" * 32
    payment = pay(
        payee=payee, nonce=nonce, transaction="0xfeed", receipt={"success": True, "transaction": "0xfeed"}
    )
    page = browser.get(reverse("billing:payment", args=[payment.pk])).content.decode()
    for words in ("Settled", "Base Sepolia", payee, nonce, "0xfeed", "a signed payment (x402)", "$0.10"):
        assert words in page


def test_an_unknown_payment_can_be_looked_up_once_at_a_time(
    browser: Client, pay: Callable[..., Payment]
) -> None:
    payment = pay(
        state=State.UNKNOWN, settled_micros=None, nonce="0x" + "11" * 32, valid_before=1_700_000_000
    )
    url = reverse("billing:payment", args=[payment.pk])
    Operation.objects.update(state="failed")
    before = browser.get(url).content.decode()
    for _ in range(2):
        browser.post(reverse("billing:reconcile", args=[payment.pk]))
    after = browser.get(url).content.decode()
    assert "Look it up on the chain" in before
    assert "Look it up on the chain" not in after
    assert Operation.objects.filter(kind="payment.reconcile").count() == 1


def test_a_known_payment_is_not_looked_up(browser: Client, pay: Callable[..., Payment]) -> None:
    browser.post(reverse("billing:reconcile", args=[pay().pk]))
    assert Operation.objects.filter(kind="payment.reconcile").count() == 0


@pytest.mark.parametrize(
    "address", ["/payments", "/payments/costs", "/payments/statement?month=2026-01", "/wallets/", "/tiers"]
)
def test_lists_ask_the_database_the_same_however_long_they_are(
    address: str,
    browser: Client,
    team: Team,
    gateway: Gateway,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for wallet in WalletFactory.create_batch(8, team=team, gateway=gateway):
        SpendPolicy.objects.create(wallet=wallet, per_payment_micros=1, per_day_micros=1, mac=b"")
        PaymentFactory.create(wallet=wallet)
    browser.get(address)  # the first one starts what refreshes
    with django_assert_max_num_queries(12):
        browser.get(address)


def test_a_wallets_page_stays_within_its_queries(
    browser: Client,
    wallet: Wallet,
    pay: Callable[..., Payment],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(6):
        pay()
    url = reverse("billing:wallet", args=[wallet.pk])
    browser.get(url)
    with django_assert_max_num_queries(12):
        browser.get(url)

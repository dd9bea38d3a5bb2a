"""The price list and the page before a payment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import prices
from billing.prices import Change
from operations.models import Operation
from teams.models import Team, User
from tests.billing.conftest import TIERS, Order, at
from tests.factories import OperationFactory, PaymentFactory, WalletFactory
from tests.fixtures import ClientAs, RunOperations
from tests.sandboxes import Sandbox
from wallets.models import Gateway, Payment, SpendPolicy, Wallet


@pytest.fixture
def shop(gateway: Gateway) -> Gateway:
    gateway.tiers, gateway.tiers_at = TIERS, timezone.now()
    gateway.save()
    return gateway


@pytest.fixture
def payer(shop: Gateway, team: Team, alice: User) -> Wallet:
    wallet: Wallet = WalletFactory.create(
        team=team, gateway=shop, owner=alice, label="First", balance_micros=250_000
    )
    SpendPolicy.objects.create(wallet=wallet, per_payment_micros=1_000_000, per_day_micros=2_000_000, mac=b"")
    return wallet


@pytest.fixture
def browser(client_as: ClientAs, alice: User, shop: Gateway) -> Client:
    return at(client_as(alice), shop)


def confirm(wallet: Wallet, tier: str = "prototype") -> str:
    return reverse("billing:tier", args=[wallet.pk, tier])


# --- What the gateway will make of it ---


@pytest.mark.parametrize(
    ("tier", "active", "ends_in", "wanted", "change"),
    [
        ("", False, None, "prototype", Change.SUBSCRIBE),
        ("prototype", True, 3, "prototype", Change.RENEW),
        ("prototype", True, 3, "hobby", Change.UPGRADE),
        ("hobby", True, 3, "prototype", Change.DOWNGRADE),
        ("hobby", True, -1, "prototype", Change.SUBSCRIBE),
        ("hobby", False, 3, "hobby", Change.SUBSCRIBE),
        ("unlisted", True, 3, "prototype", Change.UPGRADE),
    ],
)
def test_the_change_follows_the_table_of_the_contract(
    shop: Gateway, tier: str, active: bool, ends_in: int | None, wanted: str, change: Change
) -> None:
    ends = None if ends_in is None else timezone.now() + timedelta(days=ends_in)
    wallet = Wallet(gateway=shop, tier=tier, tier_active=active, lease_expires_at=ends)
    price = prices.price_of(shop, wanted)
    assert price is not None
    assert prices.change_for(wallet, price) == change


def test_a_renewal_adds_to_the_lease(shop: Gateway) -> None:
    ends = timezone.now() + timedelta(days=3)
    wallet = Wallet(gateway=shop, tier="prototype", tier_active=True, lease_expires_at=ends)
    price = prices.price_of(shop, "prototype")
    assert price is not None
    assert prices.lease_end(wallet, price) == ends + timedelta(days=7)


# --- The price list ---


def test_the_price_list_is_read_when_somebody_looks(
    sandbox: Sandbox, keysets: None, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    browser = at(client_as(alice), sandbox.gateway)
    first = browser.get("/tiers").content.decode()
    run_operations()
    gateway = Gateway.objects.get(slug=sandbox.gateway.slug)
    second = browser.get("/tiers").content.decode()
    assert "Prototype" not in first
    assert [price.name for price in prices.prices_of(gateway)] == ["prototype", "hobby", "team"]
    assert "$0.10" in second
    assert Operation.objects.filter(kind="gateway.tiers").count() == 1


def test_prices_that_cannot_be_read_say_why(
    sandbox: Sandbox,
    keysets: None,
    alice: User,
    client_as: ClientAs,
    run_operations: RunOperations,
    order: Order,
) -> None:
    order("status", path="/tiers/v1", method="GET", times=99, status=503, message="Closed for repairs.")
    browser = at(client_as(alice), sandbox.gateway)
    browser.get("/tiers")
    run_operations()
    page = browser.get("/tiers").content.decode()
    assert "Prices not read yet" in page
    assert "Closed for repairs." in page


def test_a_tier_without_a_readable_price_cannot_be_bought(
    browser: Client, payer: Wallet, shop: Gateway
) -> None:
    shop.tiers = [{**TIERS[0], "price_micros": None, "price_text": "ask us"}]
    shop.save()
    page = browser.get(confirm(payer)).content.decode()
    answer = browser.post(confirm(payer), {"micros": "0"})
    assert "Price not read yet" in page
    assert 'id="pay"' not in page
    assert answer.status_code == 409
    assert Operation.objects.filter(kind="tier.set").count() == 0


def test_a_tier_above_the_limits_says_so_on_the_list_and_cannot_be_paid(
    browser: Client, payer: Wallet
) -> None:
    listed = browser.get("/tiers").content.decode()
    page = browser.get(confirm(payer, "hobby")).content.decode()
    assert "This wallet may take $1.00 at once. This costs more." in listed
    assert confirm(payer, "hobby") not in listed
    assert "This wallet may take $1.00 at once. This costs more." in page
    assert 'type="submit" data-busy="Handing it to the worker"' not in page


def test_another_wallet_can_be_chosen_to_pay(
    browser: Client, payer: Wallet, team: Team, shop: Gateway
) -> None:
    other = WalletFactory.create(team=team, gateway=shop, label="Second")
    page = browser.get(f"/tiers?wallet={other.pk}").content.decode()
    assert confirm(other) in page
    assert confirm(payer) not in page
    assert browser.get("/tiers?wallet=nonsense").status_code == 404


# --- The page before the click ---


def test_the_ticket_says_sum_network_wallet_and_both_balances(browser: Client, payer: Wallet) -> None:
    page = browser.get(confirm(payer)).content.decode()
    for words in ("$0.10", "Base Sepolia", "First", "$0.10, nothing else", "$0.25", "$0.15", "Test money"):
        assert words in page
    assert '<input type="hidden" name="micros" value="100000"' in page


@pytest.mark.parametrize(
    ("of_team", "of_kind", "said"),
    [
        (50_000, None, "It is above $0.05:"),
        (100_000, None, None),
        (None, 20_000, "It is above $0.02:"),
        (50_000, 20_000, "It is above $0.02:"),
        (None, None, None),
    ],
)
def test_the_ticket_says_that_somebody_else_approves_first(
    browser: Client, payer: Wallet, team: Team, of_team: int | None, of_kind: int | None, said: str | None
) -> None:
    Team.objects.filter(pk=team.pk).update(approval_above_micros=of_team)
    rules = {} if of_kind is None else {"approvals": [["tier", of_kind]]}
    SpendPolicy.objects.filter(wallet=payer).update(rules=rules)
    page = browser.get(confirm(payer)).content.decode()
    assert ("Somebody else approves it first." in page, said is None or said in page) == (bool(said), True)


def test_a_price_that_changed_since_it_was_shown_is_shown_again_and_not_paid(
    browser: Client, payer: Wallet
) -> None:
    answer = browser.post(confirm(payer), {"micros": "90000"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The price has changed to $0.10 since you looked." in page
    assert 'value="100000"' in page
    assert Operation.objects.filter(kind="tier.set").count() == 0


@pytest.mark.parametrize("micros", ["", "-1", "ten"])
def test_a_form_without_the_shown_price_pays_nothing(browser: Client, payer: Wallet, micros: str) -> None:
    assert browser.post(confirm(payer), {"micros": micros}).status_code == 200
    assert Operation.objects.filter(kind="tier.set").count() == 0


def test_two_clicks_pay_once(browser: Client, payer: Wallet) -> None:
    for _ in range(2):
        browser.post(confirm(payer), {"micros": "100000"})
    assert Operation.objects.filter(kind="tier.set").count() == 1


def test_a_wallet_that_holds_too_little_is_sent_to_the_faucet(browser: Client, payer: Wallet) -> None:
    Wallet.objects.update(balance_micros=0)
    page = browser.get(confirm(payer)).content.decode()
    assert "The wallet holds too little." in page
    assert "Ask the faucet" in page


def test_an_unknown_payment_blocks_the_page_too(browser: Client, payer: Wallet) -> None:
    PaymentFactory.create(wallet=payer, state=Payment.State.UNKNOWN, settled_micros=None)
    page = browser.get(confirm(payer)).content.decode()
    assert "An earlier payment of this wallet has an unknown outcome." in page


def test_the_page_before_a_payment_reads_an_old_balance_again(browser: Client, payer: Wallet) -> None:
    for _ in range(2):
        browser.get(confirm(payer))
    assert Operation.objects.filter(kind="wallet.balance", wallet=payer).count() == 1


def test_a_tier_that_nobody_sells_is_not_found(browser: Client, payer: Wallet) -> None:
    assert browser.get(confirm(payer, "golden")).status_code == 404


def test_a_payment_under_way_is_said(browser: Client, payer: Wallet, team: Team, shop: Gateway) -> None:
    OperationFactory.create(team=team, gateway=shop, kind="tier.set", wallet=payer, subject_id=payer.pk)
    page = browser.get(confirm(payer)).content.decode()
    assert "A tier is being paid for with this wallet right now." in page

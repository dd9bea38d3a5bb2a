"""The pages of payments by card: what a member sees and may do, and where the link stands (only in the redirect)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from billing import checkouts
from core.errors import Refusal
from operations import results
from operations.models import Operation, Result, State
from teams.models import User
from tests.billing.conftest import TIERS, at
from tests.factories import OperationFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Checkout, Gateway, Wallet

pytestmark = pytest.mark.django_db

LINK = "http://sandbox.localhost:9/_sandbox/checkout/cs_sandbox_very-secret"


@pytest.fixture
def wallet(alice: User, gateway: Gateway) -> Wallet:
    """A wallet of alice's team, at a gateway whose prices are known."""
    Gateway.objects.filter(pk=gateway.pk).update(tiers=TIERS, tiers_at=timezone.now())
    gateway.refresh_from_db()
    team = alice.memberships.get().team
    made: Wallet = WalletFactory.create(
        team=team, gateway=gateway, owner=alice, label="Studio", balance_at=timezone.now()
    )
    return made


@pytest.fixture
def browser(client_as: ClientAs, alice: User, gateway: Gateway) -> Client:
    return at(client_as(alice), gateway)


@pytest.fixture
def checkout(wallet: Wallet, alice: User, public_keyset: None) -> Checkout:
    """One that can be paid, looked at a moment ago."""
    operation = OperationFactory.create(team=wallet.team, kind="checkout.create", state=State.SUCCEEDED)
    results.put(operation, "link", LINK.encode())
    return Checkout.objects.create(
        team=wallet.team,
        wallet=wallet,
        product=Checkout.Product.TIER,
        tier="hobby",
        amount_micros=5_000_000,
        state=Checkout.State.OPEN,
        operation_id=operation.pk,
        host="sandbox.localhost",
        topup_id="top_1",
        look_at=timezone.now(),
        expires_at=timezone.now() + timedelta(hours=23, minutes=59),
    )


def shown(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.content.decode().split())


def test_the_page_of_a_tier_offers_the_card_with_its_price_tag(browser: Client, wallet: Wallet) -> None:
    page = shown(browser, f"/wallets/{wallet.pk}/tier/hobby")
    assert "Or by card" in page
    assert '<span class="cost">$5.00 <span class="net test">Play card</span></span>' in page
    answer = browser.post(f"/wallets/{wallet.pk}/card", {"buy": "tier:hobby"})
    made = Checkout.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/checkouts/{made.pk}")
    assert (made.tier, made.amount_micros, made.state) == ("hobby", 5_000_000, Checkout.State.ASKED)
    assert Operation.objects.get().kind == "checkout.create"
    assert "A worker asks Run402 for a page to pay on." in shown(browser, f"/checkouts/{made.pk}")


def test_at_core_nothing_is_offered_by_card(browser: Client, wallet: Wallet) -> None:
    Gateway.objects.update(kind=Gateway.Kind.CORE)
    assert "Or by card" not in shown(browser, f"/wallets/{wallet.pk}/tier/hobby")
    assert "Nothing is sold by card here." in shown(browser, f"/wallets/{wallet.pk}/card")
    browser.post(f"/wallets/{wallet.pk}/card", {"buy": "tier:hobby"})
    assert not Checkout.objects.exists()


def test_a_sum_for_the_balance_is_typed_in_dollars(browser: Client, wallet: Wallet) -> None:
    path = f"/wallets/{wallet.pk}/card"
    for amount, sentence in (
        ("", "Say how much to pay in."),
        ("0.20", "Between $0.50 and $10,000.00 can be paid in, in whole cents."),
        ("0.505", "Between $0.50 and $10,000.00 can be paid in, in whole cents."),
        ("much", "Enter a number."),
    ):
        assert sentence in browser.post(path, {"buy": "balance", "amount": amount}).content.decode(), amount
    assert not Checkout.objects.exists()
    browser.post(path, {"buy": "balance", "amount": "12.50"})
    assert Checkout.objects.get().amount_micros == 12_500_000


@pytest.mark.parametrize("micros", [0, 499_999, 505_000, 10_000_010_000, -500_000])
def test_a_sum_that_run402_does_not_take_is_refused_at_once(wallet: Wallet, alice: User, micros: int) -> None:
    with pytest.raises(Refusal, match="whole cents"):
        checkouts.ask_for_balance(wallet=wallet, actor=alice, micros=micros)
    assert not Checkout.objects.exists()


def test_a_tier_that_is_not_listed_is_refused(browser: Client, wallet: Wallet) -> None:
    assert browser.post(f"/wallets/{wallet.pk}/card", {"buy": "tier:castle"}).status_code == 200
    assert not Checkout.objects.exists()


def test_an_open_one_counts_down_and_leads_to_its_page_in_a_new_tab(
    browser: Client, checkout: Checkout
) -> None:
    page = shown(browser, f"/checkouts/{checkout.pk}")
    assert "Can be paid" in page
    assert 'data-left="863' in page
    assert f'href="/checkouts/{checkout.pk}/page" target="_blank" rel="noopener noreferrer"' in page
    assert f"run402 billing tier-checkout hobby --wallet {checkout.wallet.address}" in page
    assert "very-secret" not in page
    led = browser.get(f"/checkouts/{checkout.pk}/page")
    assert (led.status_code, led["Location"], led["Cache-Control"]) == (302, LINK, "no-store")
    assert led["Referrer-Policy"] == "no-referrer"


def test_a_kept_link_of_a_host_that_is_not_allowed_any_more_leads_nowhere(
    browser: Client, checkout: Checkout
) -> None:
    Gateway.objects.update(url="http://elsewhere.localhost:9")
    led = browser.get(f"/checkouts/{checkout.pk}/page")
    assert led["Location"] == f"/checkouts/{checkout.pk}"
    assert [str(one) for one in get_messages(led.wsgi_request)] == [
        "This link cannot be opened any more. Nothing was charged by looking; ask for a new one."
    ]


@pytest.mark.parametrize("how", ["restored", "rotated"])
def test_a_link_that_is_not_here_any_more_is_asked_for_anew(
    browser: Client, checkout: Checkout, how: str
) -> None:
    """No backup holds it, and the key that covers it may be retired meanwhile."""
    kept = Result.objects.filter(field="link")
    if how == "restored":
        kept.delete()
    else:
        kept.update(covered=b"of a key that was retired")
    page = shown(browser, f"/checkouts/{checkout.pk}")
    assert "The link is not here any more: no backup holds it. Ask for a new page." in page
    assert ("Link is gone" in page, "Can be paid" in page) == (True, False)
    assert f"/checkouts/{checkout.pk}/page" not in page
    assert f'href="/wallets/{checkout.wallet_id}/card?tier=hobby"' in page
    assert browser.get(f"/checkouts/{checkout.pk}/page")["Location"] == f"/checkouts/{checkout.pk}"
    browser.post(f"/wallets/{checkout.wallet_id}/card", {"buy": "tier:hobby"})
    states = dict(Checkout.objects.values_list("pk", "state"))
    assert states.pop(checkout.pk) == Checkout.State.ABANDONED
    assert list(states.values()) == [Checkout.State.ASKED]


def test_the_fragment_polls_until_it_is_paid(browser: Client, checkout: Checkout) -> None:
    path = f"/checkouts/{checkout.pk}?step=1"
    asked = browser.get(path, headers={"HX-Request": "true"})
    assert (asked.status_code, b'data-poll="2000"' in asked.content) == (200, True)
    Checkout.objects.update(state=Checkout.State.PAID, paid_micros=5_000_000)
    paid = browser.get(path, headers={"HX-Request": "true"})
    assert (paid.status_code, b"data-poll" in paid.content) == (286, False)
    assert b"$5.00 arrived at Run402" in paid.content


def test_watching_has_one_look_planned_however_many_watch(browser: Client, checkout: Checkout) -> None:
    Checkout.objects.update(look_at=timezone.now() - timedelta(minutes=1))
    for _ in range(3):
        shown(browser, f"/checkouts/{checkout.pk}")
    assert Operation.objects.filter(kind="checkout.follow").count() == 1


def test_unfinished_ones_stand_on_the_tiers_page_and_at_home_until_put_aside(
    browser: Client, checkout: Checkout
) -> None:
    for path in ("/tiers", "/"):
        assert f'href="/checkouts/{checkout.pk}"' in shown(browser, path), path
    assert browser.post(f"/checkouts/{checkout.pk}/aside").status_code == 302
    for path in ("/tiers", "/"):
        assert f'href="/checkouts/{checkout.pk}"' not in shown(browser, path), path
    assert "It is listed no more." in shown(browser, f"/checkouts/{checkout.pk}")


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (Checkout.State.EXPIRED, "Nobody paid while the link was good."),
        (Checkout.State.FOREIGN, "Run402 named a page that this panel opens for nobody."),
        (Checkout.State.FAILED, "No link was made and nothing was charged."),
    ],
)
def test_what_ended_says_why_and_offers_a_new_page(
    browser: Client, checkout: Checkout, state: str, sentence: str
) -> None:
    Checkout.objects.update(state=state)
    page = shown(browser, f"/checkouts/{checkout.pk}")
    assert sentence in page
    assert f'href="/wallets/{checkout.wallet_id}/card?tier=hobby"' in page
    assert browser.get(f"/checkouts/{checkout.pk}/page")["Location"] == f"/checkouts/{checkout.pk}"


@pytest.mark.parametrize("state", [Checkout.State.FOREIGN, Checkout.State.FAILED])
def test_what_was_not_made_is_asked_about_until_its_operation_says_why(
    browser: Client, checkout: Checkout, state: Checkout.State
) -> None:
    """A worker writes the one a moment ahead of the other."""
    asks = Operation.objects.filter(pk=str(checkout.operation_id))
    asks.update(state=State.RUNNING)
    Checkout.objects.filter(pk=checkout.pk).update(state=state)
    between = browser.get(f"/checkouts/{checkout.pk}", headers={"HX-Request": "true"})
    why = {"code": "CHECKOUT_FOREIGN", "message": "It leads to another host.", "mutation_state": "none"}
    asks.update(state=State.FAILED, error=why)
    after = browser.get(f"/checkouts/{checkout.pk}", headers={"HX-Request": "true"})
    assert (between.status_code, "data-poll" in between.content.decode()) == (200, True)
    assert (after.status_code, "data-poll" in after.content.decode()) == (286, False)
    assert "It leads to another host." in after.content.decode()


def test_a_paid_one_without_a_sum_says_so(browser: Client, checkout: Checkout) -> None:
    Checkout.objects.update(state=Checkout.State.PAID)
    assert "does not tell what the card was charged" in shown(browser, f"/checkouts/{checkout.pk}")


def test_when_its_time_is_over_it_is_looked_once_more(browser: Client, checkout: Checkout) -> None:
    Checkout.objects.update(expires_at=timezone.now())
    page = shown(browser, f"/checkouts/{checkout.pk}")
    assert "Looks once more" in page
    assert f"/checkouts/{checkout.pk}/page" not in page


def test_a_viewer_sees_how_it_stands_and_no_way_to_the_page(
    client_as: ClientAs, dora: User, checkout: Checkout, gateway: Gateway
) -> None:
    browser = at(client_as(dora), gateway)
    page = shown(browser, f"/checkouts/{checkout.pk}")
    assert ("Can be paid" in page, f"{checkout.pk}/page" in page, f"{checkout.pk}/aside" in page) == (
        True,
        False,
        False,
    )
    assert browser.get(f"/checkouts/{checkout.pk}/page").status_code == 403
    assert browser.post(f"/checkouts/{checkout.pk}/aside").status_code == 403
    assert f"/checkouts/{checkout.pk}" not in shown(browser, "/")


def test_a_stranger_finds_nothing(
    client_as: ClientAs, charlie: User, checkout: Checkout, gateway: Gateway
) -> None:
    browser = at(client_as(charlie), gateway)
    for path in (f"/checkouts/{checkout.pk}", f"/checkouts/{checkout.pk}/page"):
        assert browser.get(path).status_code == 404
    assert browser.post(f"/checkouts/{checkout.pk}/aside").status_code == 404


def test_a_page_takes_few_queries(
    browser: Client, checkout: Checkout, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(12):  # type: ignore[operator]  # a fixture of pytest-django
        shown(browser, f"/checkouts/{checkout.pk}")


def test_the_commands_ask_the_gateway_of_the_wallet(
    browser: Client, wallet: Wallet, checkout: Checkout
) -> None:
    pages = [shown(browser, path) for path in (f"/checkouts/{checkout.pk}", f"/wallets/{wallet.pk}/card")]
    base = f"export RUN402_API_BASE={wallet.gateway.url} run402 billing tier-checkout"
    assert [base in page for page in pages] == [True, True]


@pytest.mark.parametrize(
    ("product", "tier", "micros"),
    [(Checkout.Product.TIER, "hobby", 5_000_000), (Checkout.Product.BALANCE, "", 7_500_000)],
)
def test_where_its_page_ended_early_another_one_is_asked_for_with_one_click(
    browser: Client, checkout: Checkout, product: str, tier: str, micros: int
) -> None:
    Checkout.objects.update(product=product, tier=tier, amount_micros=micros)
    assert "Run402 does not tell when a page ends early." in shown(browser, f"/checkouts/{checkout.pk}")
    answer = browser.post(f"/checkouts/{checkout.pk}/aside", {"again": "yes"})
    made = Checkout.objects.exclude(pk=checkout.pk).get()
    checkout.refresh_from_db()
    assert answer["Location"] == f"/checkouts/{made.pk}"
    assert (checkout.state, made.state) == (Checkout.State.ABANDONED, Checkout.State.ASKED)
    assert (made.product, made.tier, made.amount_micros) == (product, tier, micros)


def test_one_that_was_paid_meanwhile_is_not_asked_for_again(browser: Client, checkout: Checkout) -> None:
    Checkout.objects.update(state=Checkout.State.PAID)
    answer = browser.post(f"/checkouts/{checkout.pk}/aside", {"again": "yes"})
    assert (answer["Location"], Checkout.objects.count()) == (f"/checkouts/{checkout.pk}", 1)
    assert "has ended already" in shown(browser, f"/checkouts/{checkout.pk}")


def test_where_no_new_page_can_be_asked_for_the_old_one_stays(browser: Client, checkout: Checkout) -> None:
    Gateway.objects.update(tiers=[])
    browser.post(f"/checkouts/{checkout.pk}/aside", {"again": "yes"})
    assert Checkout.objects.get().state == Checkout.State.OPEN


@pytest.mark.parametrize(("query", "chosen"), [("", "balance"), ("?tier=hobby", "tier:hobby")])
def test_what_one_came_for_is_chosen_already(
    browser: Client, wallet: Wallet, query: str, chosen: str
) -> None:
    assert browser.get(f"/wallets/{wallet.pk}/card{query}").context["form"]["buy"].value() == chosen

"""Making wallets, funding and limiting them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit.models import Event
from billing import selectors, services
from billing.pages.wallets import money_of, wallet_page
from billing.services import NewLimits
from operations.models import Operation, OperationEvent, State
from run402 import address_of
from teams.models import Membership, Role, Team, User
from teams.reach import Reach
from tests.billing.conftest import Order, at, attempt
from tests.factories import PaymentFactory, WalletFactory
from tests.fixtures import ClientAs, RunOperations
from wallets import policies, signer, vault
from wallets.limits import Cap
from wallets.models import Gateway, SpendPolicy, Wallet
from wallets.policies import Limits

# --- Made here ---


def test_the_worker_makes_key_address_and_limits(wallet: Wallet) -> None:
    key = vault.unseal(bytes(wallet.key_sealed), signer.key_context(wallet))
    assert wallet.state == Wallet.State.READY
    assert wallet.address == address_of(key)
    assert policies.verified(wallet) == Limits(1_000_000, 2_000_000, wallet.gateway.networks)
    assert "wallet.made" in Event.objects.values_list("action", flat=True)


def test_a_wallet_that_was_made_never_gets_another_key_or_other_limits(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    sealed = bytes(wallet.key_sealed)
    Wallet.objects.update(state=Wallet.State.MAKING)
    again = Operation.objects.get(kind="wallet.create")
    Operation.objects.update(state=State.QUEUED, args={"per_payment_micros": 9, "per_day_micros": 9})
    run_operations()
    again.refresh_from_db()
    assert again.error["code"] == "WALLET_MADE"
    assert policies.verified(wallet).per_payment_micros == 1_000_000
    assert bytes(sealed) != b""


def test_two_wallets_of_one_name_are_refused(wallet: Wallet, alice: User, client_as: ClientAs) -> None:
    browser = at(client_as(alice), wallet.gateway)
    answer = browser.post("/wallets/new", {"label": "first", "per_payment": "1", "per_day": "2"})
    assert "There is a wallet of this name already." in answer.content.decode()
    assert Wallet.objects.count() == 1


@pytest.mark.parametrize(
    ("per_payment", "per_day", "sentence"),
    [
        ("3", "2", "A single payment cannot be above the limit of 24 hours."),
        ("-1", "2", "greater than or equal to 0"),
        ("0.0000001", "2", "no more than 6 decimal places"),
        ("1", "99999", "less than or equal to 10000"),
        ("1", "99999999999", "less than or equal to 10000"),
        ("1", "1e400", "less than or equal to 10000"),
        ("one", "2", "Enter a number."),
        ("NaN", "2", "Enter a number."),
    ],
)
def test_limits_that_make_no_sense_are_refused_in_the_form(
    gateway: Gateway, alice: User, client_as: ClientAs, per_payment: str, per_day: str, sentence: str
) -> None:
    form = {"label": "New", "per_payment": per_payment, "per_day": per_day}
    answer = at(client_as(alice), gateway).post("/wallets/new", form)
    assert sentence in answer.content.decode()
    assert answer.content.decode().count('class="error"') == 1
    assert Wallet.objects.count() == 0


# --- Faucet ---


def test_the_faucet_is_watched_until_the_money_is_there(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = services.draw_faucet(wallet=wallet, actor=alice)
    run_operations()
    wallet.refresh_from_db()
    operation.refresh_from_db()
    assert (wallet.balance_micros, operation.state) == (250_000, State.SUCCEEDED)
    assert "The faucet sent $0.25 of test money." in _events(operation)


def _events(operation: Operation) -> list[str]:
    return list(OperationEvent.objects.filter(operation=operation).values_list("message", flat=True))


def test_within_a_day_the_faucet_is_not_even_asked(
    wallet: Wallet, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    services.draw_faucet(wallet=wallet, actor=alice)
    run_operations()
    answer = client_as(alice).post(reverse("billing:faucet", args=[wallet.pk]), follow=True)
    assert "The faucet gives once in 24 hours." in answer.content.decode()
    assert Operation.objects.filter(kind="wallet.faucet").count() == 1


def test_a_faucet_that_says_too_soon_is_believed(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    services.draw_faucet(wallet=wallet, actor=alice)
    run_operations()
    Wallet.objects.update(faucet_at=None)  # somebody else drew for this address
    wallet.refresh_from_db()
    operation = services.draw_faucet(wallet=wallet, actor=alice)
    run_operations()
    operation.refresh_from_db()
    wallet.refresh_from_db()
    assert (operation.state, operation.error["code"]) == (State.FAILED, "FAUCET_PAUSE")
    assert "Ask it again in 2" in operation.error["message"]
    assert services.faucet_again(wallet) is not None


def test_a_drip_whose_answer_was_lost_is_found_on_the_chain(
    wallet: Wallet, alice: User, run_operations: RunOperations, order: Order
) -> None:
    order("drop_after", path="/faucet/v1", method="POST")
    operation = services.draw_faucet(wallet=wallet, actor=alice)
    run_operations()
    operation.refresh_from_db()
    wallet.refresh_from_db()
    assert (operation.state, wallet.balance_micros) == (State.SUCCEEDED, 250_000)


# --- Limits ---


def test_limits_are_lowered_by_the_worker(
    wallet: Wallet, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    client_as(alice).post(
        reverse("billing:limits", args=[wallet.pk]), {"per_payment": "0.25", "per_day": "0.5"}
    )
    run_operations()
    assert policies.verified(wallet) == Limits(250_000, 500_000, wallet.gateway.networks)


def test_a_limit_is_raised_by_owners_only(
    wallet: Wallet, members: dict[str, User], client_as: ClientAs
) -> None:
    url = reverse("billing:limits", args=[wallet.pk])
    answer = client_as(members[Role.BILLING]).post(url, {"per_payment": "1.00", "per_day": "2.01"})
    assert "To raise it above $2.00 you need to be Owner in this team." in answer.content.decode()
    assert Operation.objects.filter(kind__in=["wallet.limits", "wallet.raise"]).count() == 0


def test_a_worker_that_begins_anew_does_not_lower_what_was_raised_meanwhile(
    wallet: Wallet, alice: User, run_operations: RunOperations, keysets: None
) -> None:
    operation = services.lower_limits(wallet=wallet, actor=alice, limits=NewLimits(100_000, 200_000))
    run_operations()
    policies.write(wallet, Limits(500_000, 900_000, wallet.gateway.networks))
    Operation.objects.filter(pk=operation.pk).update(state=State.QUEUED)  # it died before it said so
    run_operations()
    operation.refresh_from_db()
    assert (operation.state, operation.result) == (State.SUCCEEDED, {"version": 2})
    assert policies.verified(wallet) == Limits(500_000, 900_000, wallet.gateway.networks)
    assert Event.objects.filter(action="wallet.limits_written").count() == 1


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"about": "kind:tier"}, "How much at most?"),
        ({"amount": "1"}, "Choose whom or what this limits."),
        ({"about": "kind:nothing", "amount": "1"}, "is not one of the available choices"),
        ({"about": "kind:tier", "amount": "-1"}, "greater than or equal to 0"),
        ({"about": "kind:tier", "amount": "1", "window": "year"}, "is not one of the available choices"),
        ({"per_week": "1"}, "A shorter time cannot allow more than a longer one."),
        ({"per_month": "0.5"}, "A shorter time cannot allow more than a longer one."),
        ({"per_week": "0.0000001"}, "no more than 6 decimal places"),
    ],
)
def test_a_change_that_makes_no_sense_is_told_at_its_field(
    wallet: Wallet, alice: User, client_as: ClientAs, more: dict[str, str], sentence: str
) -> None:
    url = reverse("billing:limits", args=[wallet.pk])
    form = {"per_payment": "1.00", "per_day": "2.00", "window": "day"}
    page = client_as(alice).post(url, {**form, **more}).content.decode()
    assert sentence in page
    assert Operation.objects.filter(kind__in=["wallet.limits", "wallet.raise"]).count() == 0


def test_who_may_not_raise_takes_no_single_limit_away(
    wallet: Wallet, members: dict[str, User], client_as: ClientAs
) -> None:
    policies.write(wallet, Limits(1_000_000, 2_000_000, caps=(Cap("kind", "tier", "test", "day", 500_000),)))
    url, form = reverse("billing:limits", args=[wallet.pk]), {"per_payment": "1.00", "per_day": "2.00"}
    answer = client_as(members[Role.BILLING]).post(url, form)
    assert "To raise it above $0.50 you need to be Owner in this team." in answer.content.decode()


def test_a_wallet_shows_what_is_used_of_each_limit(wallet: Wallet, alice: User, client_as: ClientAs) -> None:
    cap = Cap("member", str(alice.pk), "test", "day", 500_000)
    policies.write(wallet, Limits(1_000_000, 2_000_000, per_week_micros=9_000_000, caps=(cap,)))
    PaymentFactory.create(wallet=wallet, amount_micros=300_000, actor_id=alice.pk)
    page = (
        at(client_as(alice), wallet.gateway).get(reverse("billing:wallet", args=[wallet.pk])).content.decode()
    )
    for words in ("In 7 days", "Alice: in 24 hours", "$0.50", "$0.30"):
        assert words in page


def test_a_wallet_with_limits_of_every_kind_costs_twelve_queries_at_most(
    wallet: Wallet, alice: User, client_as: ClientAs, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    about = (("member", str(alice.pk)), ("project", str(wallet.pk)), ("kind", "tier"))
    caps = tuple(Cap(what, key, "test", "day", 500_000) for what, key in about)
    policies.write(wallet, Limits(1_000_000, 2_000_000, caps=caps))
    browser, url = at(client_as(alice), wallet.gateway), reverse("billing:wallet", args=[wallet.pk])
    browser.get(url)
    for page in (url, reverse("billing:limits", args=[wallet.pk])):
        with django_assert_max_num_queries(12):
            assert browser.get(page).status_code == 200


def test_a_limit_is_never_raised_by_the_worker_either(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = services.lower_limits(wallet=wallet, actor=alice, limits=NewLimits(1_000_000, 2_000_001))
    run_operations()
    operation.refresh_from_db()
    assert operation.error["code"] == "LIMIT_RAISED"
    assert policies.verified(wallet).per_day_micros == 2_000_000


# --- Mirror ---


def test_looking_at_an_old_balance_reads_it_once(
    wallet: Wallet, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    browser = client_as(alice)
    for _ in range(3):
        page = browser.get(reverse("billing:wallet", args=[wallet.pk]))
    run_operations()
    wallet.refresh_from_db()
    assert "data-poll" in page.content.decode()
    assert Operation.objects.filter(kind="wallet.balance").count() == 1
    assert (wallet.balance_micros, wallet.tier) == (0, "")
    assert browser.get(reverse("billing:wallet_money", args=[wallet.pk])).status_code == 286


def test_a_reading_that_fails_says_so_and_keeps_what_was_read(
    wallet: Wallet, alice: User, client_as: ClientAs, order: Order
) -> None:
    hour_ago = timezone.now() - services.FAUCET_PAUSE
    Wallet.objects.update(balance_micros=700_000, balance_at=hour_ago)
    order("status", path="/tiers/v1/status", method="GET", times=99, status=500, retryable=False)
    browser = client_as(alice)
    url = reverse("billing:wallet", args=[wallet.pk])
    browser.get(url)
    attempt(Operation.objects.get(kind="wallet.balance"))
    page = browser.get(url).content.decode()
    assert "The last reading failed." in page


def test_a_failed_wallet_leaves_the_list_after_a_day(
    gateway: Gateway, team: Team, alice: User, client_as: ClientAs
) -> None:
    failed = WalletFactory.create(
        team=team, gateway=gateway, label="Broken", state=Wallet.State.FAILED, address=""
    )
    browser = at(client_as(alice), gateway)
    before = browser.get("/wallets/").content.decode()
    Wallet.objects.filter(pk=failed.pk).update(created_at=timezone.now() - services.FAUCET_PAUSE * 2)
    assert "Broken" in before
    assert "Broken" not in browser.get("/wallets/").content.decode()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the worker write something right after a page has read what is under way."""
    read = selectors.wallet_operations

    def write(rows: QuerySet[Any], **fields: Any) -> None:
        def reading(wallet_id: UUID, reach: Reach) -> list[Operation]:
            operations = read(wallet_id, reach)
            rows.update(**fields)
            return operations

        monkeypatch.setattr(selectors, "wallet_operations", reading)

    return write


def test_limits_that_were_written_while_the_page_was_read_are_shown(
    wallet: Wallet, alice: User, meanwhile: Callable[..., None]
) -> None:
    meanwhile(SpendPolicy.objects.filter(wallet=wallet), per_payment_micros=500_000)
    page = wallet_page(wallet.pk, Membership.objects.get(user=alice, team=wallet.team))
    assert page.limits[0].cap.micros == 500_000


def test_a_wallet_that_was_made_while_its_page_was_read_is_shown_as_made(
    wallet: Wallet, alice: User, meanwhile: Callable[..., None]
) -> None:
    Wallet.objects.filter(pk=wallet.pk).update(state=Wallet.State.MAKING)
    meanwhile(Wallet.objects.filter(pk=wallet.pk), state=Wallet.State.READY)
    page = wallet_page(wallet.pk, Membership.objects.get(user=alice, team=wallet.team))
    assert page.wallet.state == Wallet.State.READY


def test_a_balance_that_was_read_while_the_page_was_made_is_shown(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    read_before = Wallet.objects.get(pk=wallet.pk)
    read_before.balance_micros, read_before.balance_at = 1, timezone.now()
    services.refresh_wallet(wallet=wallet)
    run_operations()
    wallet.refresh_from_db()
    membership = Membership.objects.get(user=alice, team=wallet.team)
    money = money_of(read_before, membership, selectors.wallet_operations(wallet.pk, membership.reach))
    assert money.wallet.balance_micros == wallet.balance_micros == 0


def test_a_wallet_whose_key_was_exported_says_so_for_good(
    alice: User, client_as: ClientAs, team: Team, gateway: Gateway
) -> None:
    wallet = WalletFactory.create(team=team, owner=alice, gateway=gateway)
    page = client_as(alice).get(reverse("billing:wallet", args=[wallet.pk])).content.decode()
    assert ("Its key was exported" in page, "Sealed, workers only" in page) == (False, True)
    Wallet.objects.update(exported_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC), exported_by="root")
    page = client_as(alice).get(reverse("billing:wallet", args=[wallet.pk])).content.decode()
    assert "Its key was exported on 2026-03-04 05:06 UTC by root." in page
    assert ("Key exported" in page, "Sealed, workers only" in page) == (True, False)

"""The home page: what needs somebody, what runs, what changed, what it costs in queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from home import shell
from operations.models import Operation, Reason, State
from operations.pulse import beat_once
from projects.models import Project
from teams.models import Role, Team, User
from tests.factories import MembershipFactory, OperationFactory, PaymentFactory, ProjectFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway, Payment, Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(alice: User, team: Team, gateway: Gateway) -> Project:
    """A project that serves, with a paid wallet that was read just now."""
    now = timezone.now()
    wallet = WalletFactory.create(
        team=team, gateway=gateway, owner=alice, label="Studio testnet", balance_at=now
    )
    Wallet.objects.update(balance_micros=150_000, tier="prototype", tier_active=True)
    project: Project = ProjectFactory.create(
        team=team,
        wallet=wallet,
        name="tidepool",
        live_release="rel_1",
        live_generation=7,
        live_at=now,
        synced_at=now,
    )
    return project


def test_deploy_that_waits_for_a_decision_needs_somebody(
    live: Project, alice: User, client_as: ClientAs
) -> None:
    OperationFactory.create(
        team=live.team,
        gateway=live.gateway,
        actor=alice,
        title="Deploy tidepool",
        state=State.WAITING,
        reason=Reason.CONFIRMATION,
        subject_url="/deploys/1",
    )
    page = client_as(alice).get("/").content.decode()
    assert '<a class="strong" href="/deploys/1">Deploy tidepool</a>' in page
    assert "1 thing waits for you." in page


def test_payment_of_unknown_outcome_needs_somebody(live: Project, alice: User, client_as: ClientAs) -> None:
    payment = PaymentFactory.create(wallet=live.wallet, state=Payment.State.UNKNOWN)
    page = client_as(alice).get("/").content.decode()
    assert "A payment of Studio testnet has an unknown outcome" in page
    assert reverse("billing:payment", args=[payment.pk]) in page


def test_tier_that_ended_needs_somebody(live: Project, alice: User, client_as: ClientAs) -> None:
    Wallet.objects.update(lease_expires_at=timezone.now() - timedelta(hours=1))
    assert "Studio testnet has no active tier" in client_as(alice).get("/").content.decode()


def test_what_runs_is_followed_and_its_end_loads_the_page_anew(
    live: Project, alice: User, client_as: ClientAs
) -> None:
    operation = OperationFactory.create(
        team=live.team,
        gateway=live.gateway,
        actor=alice,
        title="Deploy tidepool",
        state=State.RUNNING,
        phase="upload",
    )
    client = client_as(alice)
    page = client.get("/").content.decode()
    url = f"{reverse('home:running')}?shown={operation.pk}"
    assert (f'hx-get="{url}"' in page, "Uploading" in page) == (True, True)
    assert client.get(url).status_code == 200
    Operation.objects.update(state=State.SUCCEEDED)
    ended = client.get(url)
    assert (ended.status_code, ended.headers["HX-Refresh"]) == (286, "true")


def test_quiet_account_says_so(live: Project, alice: User, client_as: ClientAs) -> None:
    page = client_as(alice).get("/").content.decode()
    assert "Nothing is running and nothing waits for you." in page
    assert "From nothing to a live site" not in page


def test_spent_today_counts_what_left_and_what_still_may(
    live: Project, alice: User, client_as: ClientAs
) -> None:
    PaymentFactory.create(wallet=live.wallet)
    PaymentFactory.create(wallet=live.wallet, state=Payment.State.RESERVED, amount_micros=50_000)
    PaymentFactory.create(wallet=live.wallet, state=Payment.State.RELEASED)
    assert "$0.15" in client_as(alice).get("/").content.decode()


def test_stale_balances_are_read_once_by_their_own_request(
    live: Project, alice: User, client_as: ClientAs
) -> None:
    Wallet.objects.update(balance_at=timezone.now() - timedelta(minutes=5))
    client = client_as(alice)
    assert f'hx-get="{reverse("home:balances")}?asked=1"' in client.get("/").content.decode()
    first, second = (client.get(f"{reverse('home:balances')}?asked=1").content.decode() for _ in range(2))
    assert Operation.objects.filter(kind="wallet.balance").count() == 1
    assert ("?asked=2" in first, "data-poll" in second) == (True, True)
    Operation.objects.update(state=State.SUCCEEDED)
    Wallet.objects.update(balance_at=timezone.now())
    assert "data-poll" not in client.get(f"{reverse('home:balances')}?asked=2").content.decode()


def test_full_home_costs_twelve_queries_at_most(
    live: Project, alice: User, client_as: ClientAs, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(8):
        wallet = WalletFactory.create(team=live.team, gateway=live.gateway, balance_at=timezone.now())
        ProjectFactory.create(team=live.team, wallet=wallet, name=f"p{number}")
        PaymentFactory.create(wallet=wallet)
        OperationFactory.create(team=live.team, gateway=live.gateway, actor=alice)
    client = client_as(alice)
    with django_assert_max_num_queries(12):
        page = client.get("/").content.decode()
    assert page.count('scope="row"') == 6


def test_frame_costs_six_queries_at_most(live: Project, alice: User, client_as: ClientAs) -> None:
    client = client_as(alice)
    with CaptureQueriesContext(connection) as all_:
        client.get(reverse("home:search"))  # a page that reads nothing for itself without a text
    assert len(all_) <= 3 + 6  # session, person and memberships are read for every request


def test_labels_of_places_are_translated_when_they_are_shown() -> None:
    labels = [place.label for _label, places in shell.PLACES for place in places]
    assert [isinstance(label, str) for label in labels] == [False] * len(labels)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_home_settings_and_search(
    role: Role, team: Team, gateway: Gateway, client_as: ClientAs
) -> None:
    client = client_as(MembershipFactory.create(team=team, role=role).user)
    names = ["home", "settings", "search", "running", "balances"]
    found = [client.get(reverse(f"home:{name}")).status_code for name in names]
    assert found == [200, 200, 200, 200, 200]


def test_settings_name_gateways_workers_and_version(
    alice: User, gateway: Gateway, client_as: ClientAs
) -> None:
    beat_once("worker-1")
    page = client_as(alice).get(reverse("home:settings")).content.decode()
    assert [words in page for words in ("Sandbox", "sandbox.localhost:9", "worker-1", "0.1.0")] == [True] * 4


@pytest.mark.parametrize(
    ("lacks", "sentence"),
    [
        ("", "Holds the private keyset: it can sign."),
        ("VAULT_PRIVATE_KEYSET", "Cannot read the private keyset"),
        ("POLICY_MAC_KEYSET", "Cannot read the policy key"),
    ],
)
def test_settings_say_what_a_worker_cannot_read(
    alice: User,
    gateway: Gateway,
    client_as: ClientAs,
    keysets: None,
    settings: Settings,
    lacks: str,
    sentence: str,
) -> None:
    if lacks:
        setattr(settings, lacks, "")
    beat_once("worker-1")
    assert sentence in client_as(alice).get(reverse("home:settings")).content.decode()

"""The secrets of all projects side by side."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from operations.models import State
from projects.models import Project, Secret
from projects.secrets.matrix import matrix_page
from teams.models import Membership, Team, User
from tests.factories import DeployFactory, OperationFactory, ProjectFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway, Wallet

pytestmark = pytest.mark.django_db

URL = "/projects/secrets"


@pytest.fixture
def wallet(team: Team, gateway: Gateway, alice: User) -> Wallet:
    made: Wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    return made


def project(wallet: Wallet, name: str, *keys: str, require: tuple[str, ...] = (), days: int = 0) -> Project:
    """Make a project with secrets so many days old, and with a plan that requires some."""
    made: Project = ProjectFactory.create(
        team=wallet.team, wallet=wallet, name=name, service_key_sealed=b"sealed", secrets_at=timezone.now()
    )
    at = timezone.now() - timedelta(days=days)
    for key in keys:
        Secret.objects.create(project=made, key=key, updated_at=at, seen_at=timezone.now())
    if require:
        operation = OperationFactory.create(team=wallet.team, kind="deploy", state=State.WAITING)
        spec = {"secrets": {"require": list(require)}}
        DeployFactory.create(project=made, operation=operation, spec=spec)
    return made


def cells(user: User, *, only_missing: bool = False) -> dict[str, str]:
    """Return a letter for each project by name: Missing, Set, old (A for aged), or a dot for blank."""
    page = matrix_page(Membership.objects.get(user=user), number="", only_missing=only_missing)
    letters = {
        line.key: "".join(
            "." if cell.row is None else "M" if cell.row.is_missing else "A" if cell.row.is_old else "S"
            for cell in line.cells
        )
        for line in page.lines
    }
    assert [column.project.name for column in page.columns] == sorted(
        column.project.name for column in page.columns
    )
    return letters


def test_each_name_has_a_cell_for_each_project(wallet: Wallet, alice: User) -> None:
    project(wallet, "atlas", "MAPS_KEY", "STRIPE_KEY", require=("MAPS_KEY",))
    project(wallet, "kiln", "STRIPE_KEY", days=400)
    project(wallet, "menu", require=("MAPS_KEY", "SMTP_URL"))
    assert cells(alice) == {"MAPS_KEY": "S.M", "SMTP_URL": "..M", "STRIPE_KEY": "SA."}
    assert cells(alice, only_missing=True) == {"MAPS_KEY": "S.M", "SMTP_URL": "..M"}


def test_another_team_sees_nothing_of_it(wallet: Wallet, charlie: User) -> None:
    project(wallet, "atlas", "MAPS_KEY")
    assert cells(charlie) == {}


def test_only_makers_are_led_to_set_what_is_missing(
    wallet: Wallet, bob: User, dora: User, client_as: ClientAs
) -> None:
    made = project(wallet, "atlas", require=("MAPS_KEY",))
    link = f"/projects/{made.pk}/secrets/set?key=MAPS_KEY"
    pages = [client_as(user).get(URL).content.decode() for user in (bob, dora)]
    assert [(link in page, "Missing" in page) for page in pages] == [(True, True), (False, True)]


def test_no_secret_anywhere_and_none_missing_say_so(wallet: Wallet, bob: User, client_as: ClientAs) -> None:
    client = client_as(bob)
    project(wallet, "atlas")
    none = client.get(URL).content.decode()
    found = client.get(URL, {"show": "missing"}).content.decode()
    assert ("No secrets yet" in none, "Nothing is missing" in found) == (True, True)


def test_it_costs_the_same_for_many_projects(
    wallet: Wallet, bob: User, client_as: ClientAs, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(10):
        project(wallet, f"app-{number}", "API_KEY", require=("API_KEY", "SMTP_URL"))
    client = client_as(bob)
    client.get(URL)
    with django_assert_max_num_queries(12):
        page = client.get(URL).content.decode()
    assert ("app-7" in page, "app-8" in page) == (True, False)


def test_projects_of_all_gateways_stand_side_by_side(
    wallet: Wallet, team: Team, bob: User, client_as: ClientAs
) -> None:
    cloud = Gateway.objects.create(
        slug="far", name="Far away", kind=Gateway.Kind.CLOUD, url="https://far.run402.com"
    )
    far: Wallet = WalletFactory.create(team=team, gateway=cloud, owner=bob)
    project(wallet, "atlas", "MAPS_KEY")
    before = client_as(bob).get(URL).content.decode()
    project(far, "kiln", "MAPS_KEY")
    page = client_as(bob).get(URL).content.decode()
    assert cells(bob) == {"MAPS_KEY": "SS"}
    named = '<span class="sub">Far away</span>'
    assert (named in before, named in page) == (False, True)

"""The pages of projects: who sees what, at what cost in queries."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from operations.models import Operation
from projects import pages
from projects.models import Project
from teams.models import Membership, Role, Team, User
from tests.factories import MembershipFactory, OperationFactory, ProjectFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(alice: User, team: Team, gateway: Gateway) -> Project:
    made: Project = ProjectFactory.create(
        team=team,
        wallet=WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Studio testnet"),
        name="tidepool",
        anon_key="anon_public",
        live_url="http://tidepool.localhost:1",
        live_release="rel_1",
        live_generation=42,
        live_at=timezone.now(),
        synced_at=timezone.now(),
    )
    return made


@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_projects_and_only_makers_make_them(
    role: Role, project: Project, team: Team, client_as: ClientAs
) -> None:
    member = MembershipFactory.create(team=team, role=role)
    client = client_as(member.user)
    may = role in (Role.OWNER, Role.ADMIN, Role.DEVELOPER)
    pages = [reverse("projects:list"), reverse("projects:detail", args=[project.pk])]
    assert [client.get(url).status_code for url in pages] == [200, 200]
    assert client.get(reverse("projects:new")).status_code == (200 if may else 403)
    assert client.post(reverse("projects:again", args=[project.pk])).status_code == (409 if may else 403)
    assert client.post(reverse("projects:refresh", args=[project.pk])).status_code == 302
    assert (reverse("projects:new") in client.get(pages[0]).content.decode()) == may


@pytest.mark.parametrize("name", ["detail", "mirror", "refresh", "again"])
def test_project_of_another_team_is_not_found(
    name: str, project: Project, charlie: User, client_as: ClientAs
) -> None:
    url = reverse(f"projects:{name}", args=[project.pk])
    client = client_as(charlie)
    answer = client.post(url) if name in ("refresh", "again") else client.get(url)
    assert answer.status_code == 404


def test_list_shows_only_the_own_team(project: Project, charlie: User, client_as: ClientAs) -> None:
    page = client_as(charlie).get(reverse("projects:list")).content.decode()
    assert ("tidepool" in page, "No project yet" in page) == (False, True)


@pytest.mark.parametrize(
    ("text", "found"),
    [("tide", True), ("TIDEPOOL.localhost", True), ("prj_", True), ("studio", True), ("oban", False)],
)
def test_list_is_searched_by_name_address_id_and_wallet(
    text: str, found: bool, project: Project, alice: User, client_as: ClientAs
) -> None:
    page = client_as(alice).get(reverse("projects:list"), {"q": text}).content.decode()
    assert (reverse("projects:detail", args=[project.pk]) in page) == found


def test_list_costs_the_same_for_many_projects(
    project: Project, alice: User, client_as: ClientAs, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        wallet = WalletFactory.create(team=project.team, gateway=project.gateway)
        ProjectFactory.create(team=project.team, wallet=wallet, name=f"p{number}")
    client = client_as(alice)
    with django_assert_max_num_queries(12):
        page = client.get(reverse("projects:list")).content.decode()
    assert "1 to 25 of 31" in page


def test_overview_shows_what_is_live_and_never_asks_often(
    project: Project, alice: User, client_as: ClientAs, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(10):
        OperationFactory.create(
            team=project.team, gateway=project.gateway, actor=alice, project_id=project.pk
        )
    client = client_as(alice)
    with django_assert_max_num_queries(12):
        page = client.get(reverse("projects:detail", args=[project.pk])).content.decode()
    assert 'href="http://tidepool.localhost:1"' in page
    assert 'data-copy="anon_public"' in page
    assert "Generation 42" in page


def test_panels_of_other_rooms_are_asked_for_by_their_own_request(
    project: Project, alice: User, client_as: ClientAs
) -> None:
    page = client_as(alice).get(reverse("projects:detail", args=[project.pk])).content.decode()
    assert f'hx-get="{reverse("deploys:project_panel", args=[project.pk])}" hx-trigger="load"' in page


def test_project_being_made_has_no_deploy_button(project: Project, alice: User, client_as: ClientAs) -> None:
    Project.objects.update(state=Project.State.PROVISIONING)
    page = client_as(alice).get(reverse("projects:detail", args=[project.pk])).content.decode()
    assert reverse("deploys:new") not in page
    assert "Being made" in page


def test_new_project_without_any_wallet_leads_to_making_one(
    alice: User, gateway: Gateway, client_as: ClientAs
) -> None:
    page = client_as(alice).get(reverse("projects:new")).content.decode()
    assert f'href="{reverse("billing:wallet_new")}"' in page
    assert Operation.objects.count() == 0


def test_a_project_that_was_made_while_its_page_was_read_is_shown_as_made(
    project: Project, alice: User, team: Team
) -> None:
    OperationFactory.create(team=team, kind="project.provision", subject_id=project.pk, state="succeeded")
    read_before = Project.objects.get(pk=project.pk)
    read_before.state = Project.State.PROVISIONING
    page = pages.detail_page(read_before, None, Membership.objects.get(user=alice, team=team))
    assert page.project.state == Project.State.READY
    assert page.making is None

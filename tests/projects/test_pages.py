"""The pages of projects: who sees what, at what cost in queries."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from operations.models import Operation
from projects.models import Project
from teams.models import Role, Team, User
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


@pytest.fixture
def cloud_project(team: Team, alice: User) -> Project:
    """A frozen project of another wallet at another gateway."""
    values = {"name": "Run402 Cloud", "kind": Gateway.Kind.CLOUD, "url": "https://api.run402.com"}
    cloud, _new = Gateway.objects.update_or_create(slug="cloud", defaults=values)
    wallet = WalletFactory.create(team=team, gateway=cloud, owner=alice, label="Production")
    made: Project = ProjectFactory.create(team=team, wallet=wallet, name="kiln", status="frozen")
    return made


def listed(client: Client, **filters: str) -> list[str]:
    """Return the names on the list, in order."""
    page = client.get(reverse("projects:list"), filters).content.decode()
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', page)


def test_search_finds_the_projects_of_every_gateway(
    project: Project, cloud_project: Project, alice: User, client_as: ClientAs
) -> None:
    assert str(cloud_project.pk) in client_as(alice).get("/search", {"q": "kiln"}).content.decode()


def test_list_holds_the_projects_of_every_wallet_and_gateway(
    project: Project, cloud_project: Project, alice: User, client_as: ClientAs
) -> None:
    client = client_as(alice)
    assert listed(client) == ["kiln", "tidepool"]
    assert listed(client, gateway="cloud") == ["kiln"]
    assert listed(client, wallet=str(project.wallet_id)) == ["tidepool"]
    assert listed(client, q="production", gateway="sandbox") == []
    assert listed(client, gateway="nowhere", wallet="x", state="odd") == ["kiln", "tidepool"]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"live_release": "rel_1", "service_key_sealed": b"x"}, "serving"),
        ({"live_release": "", "service_key_sealed": b"x"}, "idle"),
        ({"status": "past_due", "service_key_sealed": b"x"}, "trouble"),
        ({"status": "gone", "service_key_sealed": b"x"}, "trouble"),
        ({"state": "failed"}, "trouble"),
        ({"state": "provisioning"}, "making"),
        ({"state": "adopting"}, "making"),
        ({"live_release": "", "service_key_sealed": b""}, "keyless"),
        ({"state": "deleted"}, "deleted"),
    ],
)
def test_list_is_narrowed_by_state(
    fields: dict[str, object], state: str, project: Project, alice: User, client_as: ClientAs
) -> None:
    Project.objects.filter(pk=project.pk).update(**fields)
    client = client_as(alice)
    assert listed(client, state=state) == ["tidepool"]
    others = {"serving", "idle", "trouble", "making", "keyless", "deleted"} - {state}
    named = {other for other in others if listed(client, state=other)}
    assert named <= ({"idle"} if state == "keyless" else set())


def test_filters_that_are_set_can_be_left_out_one_by_one(
    project: Project, alice: User, client_as: ClientAs
) -> None:
    page = client_as(alice).get(reverse("projects:list"), {"q": "tide", "state": "serving"}).content.decode()
    assert 'class="chip on" href="/projects/?state=serving"' in page
    assert 'class="chip on" href="/projects/?q=tide"' in page


@pytest.mark.parametrize(
    ("days", "tone", "words"), [(6, "", "ends"), (2, "warn", "ends"), (-1, "bad", "lease ended")]
)
def test_lease_that_ends_soon_is_marked(
    days: int, tone: str, words: str, project: Project, alice: User, client_as: ClientAs
) -> None:
    ends = timezone.now() + timedelta(days=days)
    Project.objects.filter(pk=project.pk).update(tier="prototype", lease_expires_at=ends)
    page = client_as(alice).get(reverse("projects:list")).content.decode()
    assert words in page
    assert (f'<b class="status {tone}">' in page) == bool(tone)


def test_use_is_drawn_against_the_quota(project: Project, alice: User, client_as: ClientAs) -> None:
    Project.objects.filter(pk=project.pk).update(
        api_calls=450_000, api_calls_limit=500_000, storage_bytes=1_000_000
    )
    page = client_as(alice).get(reverse("projects:list")).content.decode()
    assert 'aria-label="API calls: 90.0 percent"' in page
    assert "Storage: " not in page  # its limit is not known


def test_overview_gives_a_call_that_a_browser_can_make(
    project: Project, alice: User, client_as: ClientAs
) -> None:
    page = client_as(alice).get(reverse("projects:detail", args=[project.pk])).content.decode()
    snippet = (
        'const rows = await fetch("http://sandbox.localhost:9/rest/v1/items?select=*&limit=20", {\n'
        '  headers: { apikey: "anon_public" },\n'
        "}).then((answer) => answer.json());"
    )
    assert f"<code>{escape(snippet)}</code>" in page
    assert f'data-copy="{escape(snippet)}"' in page


@pytest.mark.parametrize(("role", "may"), [(Role.DEVELOPER, True), (Role.VIEWER, False)])
def test_project_without_keys_says_so_and_what_to_do_next(
    role: Role, may: bool, project: Project, team: Team, client_as: ClientAs
) -> None:
    member = MembershipFactory.create(team=team, role=role)
    Project.objects.filter(pk=project.pk).update(anon_key="")
    page = client_as(member.user).get(reverse("projects:detail", args=[project.pk])).content.decode()
    assert "The panel has no keys of this project." in page
    assert (f'href="/projects/adopt?wallet={project.wallet_id}"' in page) == may


def test_project_without_keys_takes_no_deploy(project: Project, alice: User, client_as: ClientAs) -> None:
    Project.objects.filter(pk=project.pk).update(anon_key="")
    client = client_as(alice)
    page = client.get(reverse("projects:detail", args=[project.pk])).content.decode()
    assert f"{reverse('deploys:new')}?project={project.pk}" not in page
    assert str(project.pk) not in client.get(reverse("deploys:new")).content.decode()


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
    url = reverse("deploys:project_panel", args=[project.pk])
    assert f'hx-get="{url}" hx-trigger="load"' in page
    assert f'<noscript><a href="{url}">Deploys</a></noscript>' in page


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


def test_somebody_who_asks_for_a_fresh_project_to_be_read_sees_that_it_is(
    project: Project, alice: User, client_as: ClientAs
) -> None:
    browser = client_as(alice)
    url = reverse("projects:mirror", args=[project.pk])
    assert f'hx-get="{url}' not in browser.get(reverse("projects:detail", args=[project.pk])).content.decode()
    shown = browser.post(reverse("projects:refresh", args=[project.pk]), follow=True).content.decode()
    assert f'hx-get="{url}' in shown

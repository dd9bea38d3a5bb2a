"""Signing in, the first owner, switching team and gateway, the theme."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import IntegrityError
from django.test import Client

from audit.models import Event
from teams import limits, selectors
from teams.models import Membership, Role, Team, User
from teams.services import create_first_owner, set_theme
from tests.factories import PASSWORD, GatewayFactory, MembershipFactory, TeamFactory
from tests.fixtures import ClientAs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_old_attempts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def _sign_in(client: Client, email: str, password: str) -> object:
    return client.post("/accounts/login/", {"login": email, "password": password})


# --- Signing in ---


def test_a_visitor_is_asked_to_sign_in_and_comes_back(client: Client, alice: User) -> None:
    assert client.get("/projects/")["Location"] == "/accounts/login/?next=/projects/"
    response = client.post("/accounts/login/?next=/projects/", {"login": alice.email, "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/projects/")


def test_the_address_is_found_whatever_its_case(client: Client, alice: User) -> None:
    assert _sign_in(client, "ALICE@Example.com", PASSWORD).status_code == 302  # type: ignore[attr-defined]
    with pytest.raises(IntegrityError):
        User.objects.create(email="Alice@example.com")


def test_nobody_is_led_to_another_host(client: Client, alice: User) -> None:
    response = client.post(
        "/accounts/login/?next=https://evil.example/", {"login": alice.email, "password": PASSWORD}
    )
    assert response["Location"] == "/"


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_person_read_the_same(
    client: Client, alice: User, email: str
) -> None:
    response = client.post("/accounts/login/", {"login": email, "password": "wrong-password-1"})
    assert response.status_code == 200
    assert "E-mail and password do not match." in response.content.decode()


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_guessing_is_stopped_whether_the_account_exists_or_not(
    client: Client, alice: User, email: str
) -> None:
    most = limits.BY_ACCOUNT["sign_in"].most
    tries = [
        client.post("/accounts/login/", {"login": spelled, "password": "wrong-password-1"})
        for spelled in [email, f" {email.upper()}"] * (most // 2 + 1)
    ]
    assert [answer.status_code for answer in tries] == [200] * most + [429] * 2
    assert "Try again in 5 minutes." in tries[-1].content.decode()
    assert 0 < int(tries[-1]["Retry-After"]) <= 300
    assert client.post("/accounts/login/", {"login": email, "password": PASSWORD}).status_code == 429


def test_a_blocked_person_stays_outside(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert client.get("/").status_code == 302


def test_sign_out_is_a_post(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    browser.get("/accounts/logout/")
    assert browser.get("/activity/").status_code == 200
    browser.post("/accounts/logout/")
    assert browser.get("/activity/").status_code == 302


def test_passwords_are_kept_as_argon2_of_19_mib(alice: User) -> None:
    assert alice.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


# --- The first owner ---


def test_the_first_owner_gets_a_team_and_a_password_that_works(client: Client) -> None:
    owner = create_first_owner(email="Owner@Example.com", team_name="Halden")
    assert owner is not None
    assert _sign_in(client, owner.email, owner.password).status_code == 302  # type: ignore[attr-defined]
    membership = Membership.objects.get()
    assert (membership.user.email, membership.team.name, membership.role) == (
        "owner@example.com",
        "Halden",
        Role.OWNER,
    )
    recorded = Event.objects.order_by("pk").values_list("action", flat=True)
    assert list(recorded) == ["user.created", "team.created", "access.signed_in"]


def test_there_is_one_first_owner(alice: User) -> None:
    assert create_first_owner(email="second@example.com", team_name="Second") is None
    assert User.objects.count() == 1


def test_the_password_is_stored_nowhere_in_clear() -> None:
    owner = create_first_owner(email="owner@example.com", team_name="Halden")
    assert owner is not None
    kept = str(list(User.objects.values())) + str(list(Event.objects.values()))
    assert owner.password not in kept


def test_the_command_prints_the_password_once(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("first_owner", email="owner@example.com")
    assert json.loads(capsys.readouterr().out)["email"] == "owner@example.com"
    call_command("first_owner", email="owner@example.com")
    assert capsys.readouterr().out == ""


# --- Teams, gateways, themes ---


def _teams(client: Client) -> str:
    return str(client.get("/activity/").context["shell"].team)


def test_switching_the_team(client_as: ClientAs, alice: User, team: Team) -> None:
    other = MembershipFactory.create(user=alice, team=TeamFactory.create(name="Zebra"), role=Role.VIEWER).team
    browser = client_as(alice)
    assert _teams(browser) == "Halden"
    assert browser.post("/switch", {"team": other.pk})["Location"] == "/"
    assert _teams(browser) == "Zebra"
    Membership.objects.filter(team=other).delete()
    assert _teams(browser) == "Halden"


@pytest.mark.parametrize("choice", ["00000000-0000-0000-0000-000000000001", "nonsense"])
def test_nobody_switches_to_a_team_they_are_not_in(client_as: ClientAs, alice: User, choice: str) -> None:
    assert client_as(alice).post("/switch", {"team": choice}).status_code == 404


def test_a_strangers_team_is_not_there(client_as: ClientAs, alice: User, charlie: User) -> None:
    response = client_as(alice).post("/switch", {"team": charlie.teams.get().pk})
    assert response.status_code == 404


def test_switching_the_gateway(client_as: ClientAs, alice: User) -> None:
    GatewayFactory.create()
    browser = client_as(alice)
    assert browser.get("/activity/").context["shell"].gateway.slug == "sandbox"
    browser.post("/switch", {"gateway": "cloud"})
    assert browser.get("/activity/").context["shell"].gateway.slug == "cloud"
    browser.post("/switch", {"gateway": "nonsense"})
    assert browser.get("/activity/").context["shell"].gateway.slug == "sandbox"


def test_switching_comes_back_but_not_to_another_host(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    assert browser.post("/switch", {"next": "/projects/"})["Location"] == "/projects/"
    assert browser.post("/switch", {"next": "//evil.example/"})["Location"] == "/"


def test_the_theme_is_kept_and_shown(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    browser.post("/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in browser.get("/activity/").content.decode()
    alice.refresh_from_db()
    set_theme(alice, "pink")
    assert alice.theme == User.Theme.SYSTEM


def test_the_first_team_is_the_first_by_name(alice: User, team: Team) -> None:
    MembershipFactory.create(user=alice, team=TeamFactory.create(name="Aardvark"))
    memberships = list(selectors.memberships_of(alice))
    assert [membership.team.name for membership in memberships] == ["Aardvark", "Halden"]
    chosen = selectors.chosen(memberships, str(team.pk))
    assert chosen is not None
    assert chosen.team == team
    assert selectors.chosen([], None) is None

"""Whoever runs the machine: operators of the instance, and an owner's way back."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from audit.models import Event
from teams.models import Instance, RecoveryLink, Session, Team, User
from teams.selectors import has_second_factor
from tests.factories import PASSWORD
from tests.fixtures import ClientAs

pytestmark = pytest.mark.django_db

NEW = "a-quite-different-sentence"


def way_back(email: str) -> str:
    """Return the path that the command prints."""
    said = StringIO()
    call_command("recover_owner", email, stdout=said, stderr=StringIO())
    return said.getvalue().strip().removeprefix("http://localhost:8000")


def actions(team: Team | None) -> list[str]:
    chain = str(team.pk) if team else ""
    return list(Event.objects.filter(chain=chain).order_by("seq").values_list("action", flat=True))


# --- Operators ---


def test_a_command_makes_an_operator_and_ends_that(dora: User) -> None:
    operators = User.objects.filter(is_operator=True)
    call_command("operator", dora.email, stdout=StringIO())
    assert list(operators.all()) == [dora]
    call_command("operator", dora.email, "--remove", stdout=StringIO())
    assert list(operators.all()) == []
    assert actions(None) == ["operator.named", "operator.ended"]


def test_an_unknown_address_is_a_sentence() -> None:
    with pytest.raises(CommandError, match=r"Nobody here has the address nobody@example\.com"):
        call_command("operator", "nobody@example.com")


def test_operators_see_health_and_gateways_and_no_team(
    client_as: ClientAs, alice: User, charlie: User, gateway: object
) -> None:
    call_command("operator", charlie.email, stdout=StringIO())
    charlie.memberships.all().delete()
    page = client_as(User.objects.get(pk=charlie.pk)).get("/instance").content.decode()
    assert "Run402 Cloud" in page
    assert "Database" in page
    assert "Halden" not in page
    assert alice.email not in page


def test_an_owner_is_no_operator(client_as: ClientAs, alice: User) -> None:
    answer = client_as(alice).get("/instance")
    assert answer.status_code == 403
    assert "Only an operator of this instance may" in answer.content.decode()
    assert client_as(alice).post("/instance/teams", {"open": "yes"}).status_code == 403
    assert Instance.get().open_teams is False


def test_operators_open_the_making_of_teams(client_as: ClientAs, alice: User) -> None:
    call_command("operator", alice.email, stdout=StringIO())
    browser = client_as(User.objects.get(pk=alice.pk))
    browser.post("/instance/teams", {"open": "yes"})
    assert Instance.get().open_teams is True
    browser.post("/instance/teams", {"open": ""})
    assert Instance.get().open_teams is False


# --- The way back ---


def test_an_owner_comes_back_once_without_their_second_factor(
    client_as: ClientAs, alice: User, team: Team
) -> None:
    client_as(alice).get("/")
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    path = way_back(alice.email)
    assert Client().get(path).status_code == 200
    answer = Client().post(path, {"password": NEW, "again": NEW})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")
    alice.refresh_from_db()
    assert (alice.check_password(NEW), has_second_factor(alice)) == (True, False)
    assert Session.objects.filter(user=alice).count() == 0
    assert Client().get(path).status_code == 404
    assert actions(team) == ["recovery.made", "recovery.used"]


def test_a_weak_password_is_refused_at_the_field_and_the_link_stays(alice: User) -> None:
    path = way_back(alice.email)
    answer = Client().post(path, {"password": "password1234", "again": "password1234"})
    assert "This password is too common." in answer.content.decode()
    assert Client().post(path, {"password": NEW, "again": "another-sentence"}).status_code == 200
    assert Client().get(path).status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_new_link_ends_the_earlier_one_and_an_hour_ends_each(alice: User) -> None:
    first, second = way_back(alice.email), way_back(alice.email)
    assert (Client().get(first).status_code, Client().get(second).status_code) == (404, 200)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert Client().get(second).status_code == 404


def test_the_link_itself_is_kept_nowhere(alice: User) -> None:
    token = way_back(alice.email).rsplit("/", 1)[1]
    link = RecoveryLink.objects.get()
    assert token not in str(vars(link))
    assert token not in str(list(Event.objects.values()))


def test_only_owners_get_a_way_back(bob: User) -> None:
    with pytest.raises(CommandError, match=r"bob@example\.com owns no team"):
        call_command("recover_owner", bob.email)


def test_a_made_up_link_is_not_there() -> None:
    assert Client().get("/recover/made-up").status_code == 404


def test_links_cannot_be_guessed_at_speed() -> None:
    cache.clear()
    answers = [Client().get(f"/recover/guess-{n}").status_code for n in range(31)]
    cache.clear()
    assert answers == [404] * 30 + [429]

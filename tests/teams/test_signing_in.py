"""Signing in and out, wrong passwords, new passwords and closed doors stand in the record."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from audit.models import Event
from teams.models import Team, User
from tests.factories import PASSWORD, MembershipFactory, TeamFactory, UserFactory
from tests.fixtures import ClientAs

pytestmark = pytest.mark.django_db


def _told(*fields: str) -> list[Any]:
    return list(
        Event.objects.order_by("pk").values_list("action", *(fields or ("actor_label", "object_type")))
    )


def _sign_in(email: str, password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": email, "password": password})
    return client


def test_signing_in_and_out_is_recorded(alice: User) -> None:
    client = _sign_in(alice.email)
    client.post("/accounts/logout/")
    assert _told() == [("access.signed_in", "Alice", "user"), ("access.signed_out", "Alice", "user")]
    assert [event.details for event in Event.objects.order_by("pk")] == [{"method": ["password"]}, {}]


def test_it_stands_in_the_chain_of_each_team_of_the_person(alice: User, team: Team) -> None:
    second = TeamFactory.create()
    MembershipFactory.create(team=second, user=alice)
    _sign_in(alice.email)
    chains = sorted(Event.objects.values_list("chain", flat=True))
    assert chains == sorted([str(team.pk), str(second.pk)])


def test_somebody_without_a_team_stands_in_the_instances_chain() -> None:
    _sign_in(UserFactory.create(email="gone@example.com").email)
    assert _told("chain") == [("access.signed_in", "")]


def test_a_wrong_password_for_a_known_account_is_one_entry_a_minute(alice: User) -> None:
    for _ in range(3):
        _sign_in(alice.email.upper(), "wrong-password-entirely")
    assert _told("actor_label", "object_label") == [("access.sign_in_failed", "Somebody", "Alice")]
    assert "wrong" not in str(list(Event.objects.values()))


def test_unknown_accounts_leave_nothing(alice: User) -> None:
    _sign_in("nobody@example.com", "my-password-by-mistake")
    _sign_in("my-password-by-mistake", "x")
    assert Event.objects.count() == 0


def test_a_new_password_is_recorded(alice: User) -> None:
    client = _sign_in(alice.email)
    new = {
        "oldpassword": PASSWORD,
        "password1": "stubborn-green-kettle",
        "password2": "stubborn-green-kettle",
    }
    assert client.post("/accounts/password/change/", new).status_code == 302
    assert [action for action, *_ in _told()] == ["access.signed_in", "access.password_changed"]


def test_who_is_turned_away_is_recorded_with_the_page_and_the_reason(
    client_as: ClientAs, dora: User, gateway: object
) -> None:
    client = client_as(dora)
    for _ in range(3):
        assert client.get("/wallets/new").status_code == 403
    event = Event.objects.get()
    assert (event.action, event.actor_label, event.object_id) == (
        "access.refused",
        "Dora",
        "billing:wallet_new",
    )
    assert event.details["method"] == "GET"
    assert event.details["reason"].startswith(
        "To make, import and limit wallets you need to be Owner, Admin or"
    )


def test_a_strangers_404_leaves_nothing(client_as: ClientAs, charlie: User, team: Team) -> None:
    assert client_as(charlie).get(f"/projects/{team.pk}").status_code == 404
    assert Event.objects.count() == 0

"""A person takes their data along, or erases them."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from audit.chains import broken_at
from audit.models import Event
from operations.models import Operation
from teams.models import Membership, Role, Team, User
from tests.factories import MembershipFactory, OperationFactory, UserFactory, WalletFactory
from tests.fixtures import ClientAs
from tests.teams import steps
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


def confirmed(client_as: ClientAs, user: User) -> Client:
    """Return the person's browser after they confirmed who they are."""
    browser = client_as(user)
    steps.open_confirmed(browser, "/account/data")
    return browser


def test_the_file_holds_what_every_room_knows(
    client_as: ClientAs, alice: User, team: Team, gateway: Gateway
) -> None:
    WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Studio")
    OperationFactory.create(team=team, gateway=gateway, actor=alice, title="Make the wallet Studio")
    answer = confirmed(client_as, alice).post("/account/data/export")
    held = json.loads(answer.content)
    assert answer["Content-Disposition"].startswith('attachment; filename="run402-panel-')
    assert held["account"]["email"] == "alice@example.com"
    assert [one["team"] for one in held["account"]["teams"]] == ["Halden"]
    assert [one["name"] for one in held["wallets"]] == ["Studio"]
    assert [one["title"] for one in held["operations"]] == ["Make the wallet Studio"]
    assert {"audit", "deploys", "notifications", "sessions"} <= set(held)
    assert alice.password not in answer.content.decode()


def test_it_asks_who_sits_there_first(client_as: ClientAs, alice: User) -> None:
    assert client_as(alice).get("/account/data")["Location"].startswith("/accounts/confirm")
    assert client_as(alice).post("/account/data/export")["Location"].startswith("/accounts/confirm")


def test_erasing_takes_the_name_everywhere_but_the_id_from_the_record(
    client_as: ClientAs, bob: User, team: Team, gateway: Gateway
) -> None:
    operation = OperationFactory.create(team=team, gateway=gateway, actor=bob)
    browser = confirmed(client_as, bob)
    answer = browser.post("/account/data", {"email": "bob@example.com"})
    assert answer["Location"] == "/accounts/login/"
    gone = User.objects.get(pk=bob.pk)
    assert (gone.is_active, gone.name, gone.has_usable_password()) == (False, "Erased person", False)
    assert gone.email == f"erased-{bob.pk}@invalid.invalid"
    assert Membership.objects.filter(user=gone).count() == 0
    assert Operation.objects.get(pk=operation.pk).actor_label == "Erased person"
    told = json.dumps(list(Event.objects.values()), default=str)
    assert ("bob@example.com" in told, "Bob" in told, str(bob.pk) in told) == (False, False, True)
    assert (broken_at(team.pk), broken_at(None)) == (None, None)
    assert browser.get("/account/data")["Location"].startswith("/accounts/login/")


def test_a_wrong_address_erases_nothing(client_as: ClientAs, bob: User) -> None:
    answer = confirmed(client_as, bob).post("/account/data", {"email": "somebody@example.com"})
    assert (answer.status_code, User.objects.get(pk=bob.pk).erased_at) == (422, None)
    assert "This is not your address. Nothing was erased." in answer.content.decode()


def test_an_only_owner_has_to_hand_over_first(client_as: ClientAs, alice: User, team: Team) -> None:
    browser = confirmed(client_as, alice)
    answer = browser.post("/account/data", {"email": "alice@example.com"})
    assert "Make somebody else an owner of Halden first." in answer.content.decode()
    assert User.objects.get(pk=alice.pk).erased_at is None
    MembershipFactory.create(team=team, user=UserFactory.create(), role=Role.OWNER)
    assert browser.post("/account/data", {"email": "alice@example.com"}).status_code == 302

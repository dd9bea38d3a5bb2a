"""The permission table, and the gates in front of views; tests/security tries them on every address."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from teams.access import OperatorOnly, Personal, Public, operator_only, personal, public
from teams.middleware import PersonRequest
from teams.models import Role, User
from teams.permissions import TABLE, Action, allows, who_may
from tests.fixtures import ClientAs

pytestmark = pytest.mark.django_db


def test_a_role_that_may_not_is_refused_with_who_may(client_as: ClientAs, dora: User) -> None:
    response = client_as(dora).post("/wallets/new")
    assert response.status_code == 403
    assert "Owner, Admin or Billing" in response.content.decode()


def test_every_action_has_its_row_in_the_table() -> None:
    assert set(TABLE) == set(Action)


@pytest.mark.parametrize("action", Action)
def test_owners_may_everything(action: Action) -> None:
    assert allows(Role.OWNER, action)


def test_viewers_change_nothing() -> None:
    assert {action for action in Action if allows(Role.VIEWER, action)} == {
        Action.VIEW,
        Action.PROJECT_SYNC,
        Action.AUDIT_VIEW,
    }


def test_the_table() -> None:
    """The whole of it, once more, so that a change to it is made twice."""
    letters = {role: role.value[0] for role in Role}
    table = {action.value: "".join(sorted(letters[role] for role in TABLE[action])) for action in Action}
    assert table == {
        "view": "abdov",
        "wallet.manage": "abo",
        "wallet.fund": "abdo",
        "tier.set": "abo",
        "project.create": "ado",
        "project.delete": "ao",
        "project.sync": "abdov",
        "deploy": "ado",
        "job.submit": "ado",
        "key.reveal": "ado",
        "secrets.set": "ado",
        "wallet.raise": "o",
        "wallet.export": "o",
        "wallet.retire": "ao",
        "wallet.freeze": "abdo",
        "wallet.unfreeze": "ao",
        "members.manage": "ao",
        "owners.manage": "o",
        "team.rules": "o",
        "payment.approve": "abo",
        "halt": "ao",
        "hooks.manage": "ao",
        "audit.view": "abdov",
        "audit.export": "ao",
        "operations.export": "ao",
        "payments.export": "abo",
    }


def test_roles_are_named_in_a_sentence() -> None:
    assert who_may(Action.DEPLOY) == "Owner, Admin or Developer"


# --- Gates ---


def _asked_by(user: User | AnonymousUser) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


@personal
def own_page(request: PersonRequest) -> HttpResponse:
    return HttpResponse("mine")


@operator_only
def instance_page(request: PersonRequest) -> HttpResponse:
    return HttpResponse("the instance")


@public("for the test")
def open_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("all")


def test_gates_declare_what_they_ask_for() -> None:
    gates = (own_page, instance_page, open_page)
    declared = [getattr(gate, "permission", None) for gate in gates]
    assert declared == [Personal(), OperatorOnly(), Public("for the test")]


def test_a_personal_page_wants_a_person_and_no_team() -> None:
    nobody = User.objects.create_user("nobody@example.com")
    assert own_page(_asked_by(nobody)).status_code == 200
    with pytest.raises(Http404):
        own_page(_asked_by(AnonymousUser()))


def test_the_operators_pages_are_for_operators(alice: User) -> None:
    with pytest.raises(PermissionDenied, match="Whoever runs its machine names them"):
        instance_page(_asked_by(alice))
    alice.is_operator = True
    assert instance_page(_asked_by(alice)).status_code == 200


def test_a_public_page_is_open_to_visitors() -> None:
    assert open_page(_asked_by(AnonymousUser())).status_code == 200
    assert getattr(open_page, "login_required", True) is False

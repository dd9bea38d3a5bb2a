"""Default deny: every address says who may open it, and asks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter
from django.urls.resolvers import RoutePattern

from teams.access import Personal, Public
from teams.models import Role, User
from teams.permissions import TABLE, Action, allows, who_may
from tests.fixtures import ClientAs

pytestmark = pytest.mark.django_db

#: What a visitor may open, and the pages of allauth, which guard themselves. Everything else declares a permission.
PUBLIC = {"livez", "home:readyz", "styleguide", "account_login", "account_inactive", "deploys:raw"}
OWN_GUARD = {"account_logout", "account_change_password"}
ABSENT = {
    "account_reauthenticate",
    "account_signup",
    "account_email",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_login_code",
    "account_request_login_code",
}


def _addresses(patterns: list[URLPattern | URLResolver], room: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else room
            yield from _addresses(pattern.url_patterns, inner)
        else:
            yield f"{room}{pattern.name}", pattern


ADDRESSES = dict(_addresses(get_resolver().url_patterns))
EXAMPLES = {UUIDConverter: uuid.UUID(int=1), IntConverter: 1, SlugConverter: "x", StringConverter: "x"}
DECLARED = {name: getattr(pattern.callback, "permission", None) for name, pattern in ADDRESSES.items()}
PERSONAL = {name for name, permission in DECLARED.items() if isinstance(permission, Personal)}
OPEN = {name for name, permission in DECLARED.items() if isinstance(permission, Public)}
GATED = sorted(set(ADDRESSES) - PUBLIC - OWN_GUARD - ABSENT - PERSONAL - OPEN)


def _url(name: str) -> str:
    """Return some address under the name; whether what it speaks of exists does not matter."""
    pattern = ADDRESSES[name].pattern
    converters = pattern.converters if isinstance(pattern, RoutePattern) else {}
    return reverse(name, kwargs={key: EXAMPLES[type(converter)] for key, converter in converters.items()})


def test_there_are_addresses_to_test() -> None:
    assert len(GATED) > 25


@pytest.mark.parametrize("name", GATED)
def test_every_address_declares_a_permission(name: str) -> None:
    assert isinstance(getattr(ADDRESSES[name].callback, "permission", None), Action)


@pytest.mark.parametrize("name", GATED)
def test_a_visitor_is_sent_to_the_sign_in_page(client: Client, name: str) -> None:
    url = _url(name)
    for method in (client.get, client.post):
        response = method(url)
        assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("name", GATED)
def test_a_person_without_a_team_finds_nothing(client_as: ClientAs, name: str) -> None:
    nobody = User.objects.create_user("nobody@example.com")
    browser = client_as(nobody)
    assert {browser.get(_url(name)).status_code, browser.post(_url(name)).status_code} <= {404, 405}


@pytest.mark.parametrize("name", sorted(OWN_GUARD | PERSONAL))
def test_pages_about_oneself_want_a_sign_in(client: Client, name: str) -> None:
    assert client.get(_url(name)).status_code == 302


@pytest.mark.parametrize("name", sorted(ABSENT))
def test_what_the_panel_does_not_have_is_not_there(client: Client, name: str) -> None:
    assert client.get(_url(name)).status_code == 404
    assert client.post(_url(name)).status_code == 404


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
        "project.sync": "abdov",
        "deploy": "ado",
        "key.reveal": "ado",
        "wallet.raise": "o",
        "wallet.export": "o",
        "members.manage": "ao",
        "owners.manage": "o",
        "team.rules": "o",
        "payment.approve": "abo",
        "audit.view": "abdov",
        "audit.export": "ao",
    }


def test_roles_are_named_in_a_sentence() -> None:
    assert who_may(Action.DEPLOY) == "Owner, Admin or Developer"

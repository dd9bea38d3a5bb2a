"""Pages for when something is wrong: they stand without the shell, without a team and without a database."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from core import views
from teams.models import User
from tests.fixtures import ClientAs


def test_stranger_sees_page_not_found_alone(client: Client) -> None:
    answer = client.get("/nothing-here")
    assert answer.status_code == 404
    assert [part for part in ("Page not found", 'class="alone"') if part not in answer.content.decode()] == []


@pytest.mark.django_db
def test_member_sees_page_not_found_inside_the_shell(
    client_as: ClientAs, alice: User, gateway: object
) -> None:
    answer = client_as(alice).get("/nothing-here")
    assert answer.status_code == 404
    assert [part for part in ("Page not found", 'id="sidebar"') if part not in answer.content.decode()] == []


def test_form_without_token_is_told_why() -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "alice@example.com"})
    assert answer.status_code == 403
    assert "The form was too old" in answer.content.decode()


def test_server_error_needs_nothing_that_may_be_broken() -> None:
    answer = views.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "The panel made a mistake" in answer.content.decode()


def test_sign_in_links_to_no_absent_page(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "/accounts/password/reset/" not in page
    assert 'autocomplete="current-password"' in page

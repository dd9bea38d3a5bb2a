"""Step-up: a grave action asks who sits there, for that action and that object, and goes on afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.models import Event
from run402_panel import urls as panel_urls
from teams import limits
from teams.access import require
from teams.models import Session, User
from teams.permissions import Action
from teams.stepup import step_up
from tests.factories import PASSWORD
from tests.fixtures import ClientAs

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@require(Action.VIEW)
@step_up(lambda kwargs: f"thing/{kwargs['name']}", _("change the thing"))
def thing(request: HttpRequest, name: str) -> HttpResponse:
    """A view that shows what reached it."""
    return HttpResponse(f"{request.method} {name} {sorted(request.POST.items())}")


@require(Action.VIEW)
@step_up("named", lambda request, kwargs: f"greet {request.user.name}", carry=("note",))
def named(request: HttpRequest) -> HttpResponse:
    return HttpResponse("named")


handler403, handler404 = panel_urls.handler403, panel_urls.handler404
urlpatterns = [*panel_urls.urlpatterns, path("thing/<str:name>", thing), path("named", named)]


@pytest.fixture(autouse=True)
def _no_old_tries() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def _confirm(browser: Client, url: str, **fields: str) -> Any:
    return browser.post(url, fields or {"password": PASSWORD})


def test_the_view_waits_for_a_confirmation_and_then_opens(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    asked = browser.get("/thing/one?tab=2")
    assert (asked.status_code, asked["Location"].partition("?")[0]) == (302, "/accounts/confirm")
    page = browser.get(asked["Location"]).content.decode()
    assert "To change the thing." in page
    confirmed = _confirm(browser, asked["Location"])
    assert (confirmed.status_code, confirmed["Location"]) == (302, "/thing/one?tab=2")
    assert browser.get("/thing/one?tab=2").content == b"GET one []"


def test_it_holds_for_this_object_only(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    _confirm(browser, browser.get("/thing/one")["Location"])
    assert browser.get("/thing/one").status_code == 200
    assert browser.get("/thing/two").status_code == 302


def test_it_holds_in_this_browser_only(client_as: ClientAs, alice: User) -> None:
    browser, other = client_as(alice), client_as(alice)
    asked = browser.get("/thing/one")["Location"]
    assert _confirm(other, asked).status_code == 410
    _confirm(browser, asked)
    assert other.get("/thing/one").status_code == 302


def test_it_holds_for_five_minutes(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        _confirm(browser, browser.get("/thing/one")["Location"])
    with time_machine.travel(now + timedelta(minutes=5), tick=False):
        assert browser.get("/thing/one").status_code == 200
    with time_machine.travel(now + timedelta(minutes=5, seconds=1), tick=False):
        assert browser.get("/thing/one").status_code == 302


def test_a_post_is_sent_again_with_what_was_typed(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    asked = browser.post("/thing/one", {"role": ["admin", "<b>"], "note": "a"})
    page = _confirm(browser, asked["Location"]).content.decode()
    assert re.findall(r'<form[^>]*action="([^"]+)"', page) == ["/thing/one"]
    fields = re.findall(r'<input type="hidden" name="(role|note)" value="([^"]*)">', page)
    assert fields == [("role", "admin"), ("role", "&lt;b&gt;"), ("note", "a")]
    assert browser.post("/thing/one", {"note": "a"}).content == b"POST one [('note', 'a')]"


@pytest.mark.parametrize("field", ["password", "api_key", "new_secret", "mnemonic", "value"])
def test_no_secret_is_kept_meanwhile(client_as: ClientAs, alice: User, field: str) -> None:
    browser = client_as(alice)
    asked = browser.post("/thing/one", {field: "hunter2-hunter2", "note": "a"})
    assert "hunter2" not in str(browser.session.load())
    assert _confirm(browser, asked["Location"])["Location"] == "/thing/one"


def test_only_the_named_fields_are_kept(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    asked = browser.post("/named", {"note": "a", "other": "b"})
    assert _confirm(browser, asked["Location"])["Location"] == "/named"
    other = client_as(alice)
    waits = other.post("/named", {"note": "a"})["Location"]
    assert "greet Alice" in other.get(waits).content.decode()
    assert 'name="note" value="a"' in _confirm(other, waits).content.decode()


def test_htmx_is_led_there_by_a_header(client_as: ClientAs, alice: User) -> None:
    answer = client_as(alice).post("/thing/one", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"].partition("?")[0]) == (204, "/accounts/confirm")


def test_a_wrong_password_confirms_nothing(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    asked = browser.get("/thing/one")["Location"]
    wrong = _confirm(browser, asked, password="wrong-password-1")
    assert wrong.status_code == 422
    assert "This is not your password. Try again." in wrong.content.decode()
    assert browser.get("/thing/one").status_code == 302


def test_a_way_that_the_person_does_not_have_confirms_nothing(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    asked = browser.get("/thing/one")["Location"]
    for fields in ({"code": "123456"}, {"credential": "{}"}, {"nothing": "x"}):
        _confirm(browser, asked, **fields)
    assert browser.get("/thing/one").status_code == 302


def test_guessing_there_is_stopped(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    asked = browser.get("/thing/one")["Location"]
    for _try in range(limits.BY_ACCOUNT["confirm"].most):
        assert _confirm(browser, asked, password="wrong-password-1").status_code == 422
    stopped = _confirm(browser, asked)
    assert stopped.status_code == 429
    assert 0 < int(stopped["Retry-After"]) <= 300


def test_the_record_says_what_was_confirmed_and_how(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    _confirm(browser, browser.get("/thing/one")["Location"])
    event = Event.objects.get(action="access.confirmed")
    assert event.chain_id == str(alice.teams.get().pk)
    assert event.details == {"key": "thing/one", "method": "password"}


def test_a_confirmation_cannot_be_used_twice_or_made_up(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    asked = browser.get("/thing/one")["Location"]
    _confirm(browser, asked)
    assert _confirm(browser, asked).status_code == 410
    assert browser.get("/accounts/confirm?for=made-up").status_code == 410


def test_who_may_not_is_refused_before_anything_is_asked(client: Client) -> None:
    assert client.get("/thing/one")["Location"].startswith("/accounts/login/")


def test_somebody_with_nothing_to_show_may_count_on_a_fresh_sign_in(client_as: ClientAs, alice: User) -> None:
    alice.set_unusable_password()
    alice.save()
    browser = client_as(alice)
    asked = browser.get("/thing/one")["Location"]
    assert browser.get(asked)["Location"] == "/thing/one"
    Session.objects.filter(user=alice).update(created_at=timezone.now() - timedelta(minutes=6))
    asked = browser.get("/thing/two")["Location"]
    assert "Sign out and in again" in browser.get(asked).content.decode()

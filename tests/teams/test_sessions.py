"""Sessions: what is stored, how long they last, who sees and ends them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit.models import Event
from teams import devices
from teams.models import Session, Team, User
from teams.services.sessions import end_sessions
from teams.sessions import SessionStore, digest_of
from tests.factories import PASSWORD, MembershipFactory, TeamFactory
from tests.fixtures import ClientAs
from tests.teams import steps

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def _key(browser: Client) -> str:
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


# --- What is stored ---


def test_the_row_holds_neither_the_cookie_nor_readable_data(client: Client, alice: User) -> None:
    steps.sign_in(client, alice)
    row = Session.objects.get(user=alice)
    assert row.digest == digest_of(_key(client))
    stored = str(Session.objects.values().get(pk=row.pk))
    assert _key(client) not in stored
    assert str(alice.pk) not in row.data
    thief = Client()
    for stolen in (row.digest, str(row.pk), row.data):
        thief.cookies[settings.SESSION_COOKIE_NAME] = stolen
        assert thief.get("/activity/").status_code == 302


def test_the_row_says_which_browser_it_is(alice: User) -> None:
    browser = Client(headers={"User-Agent": FIREFOX}, REMOTE_ADDR="192.0.2.7")
    steps.sign_in(browser, alice)
    row = Session.objects.get(user=alice)
    assert (row.ip, row.agent, row.how) == ("192.0.2.7", FIREFOX, "password")


def test_signing_in_takes_a_new_cookie(client: Client, alice: User) -> None:
    steps.give_app(alice)
    steps.sign_in(client, alice)
    before = _key(client)
    client.post("/accounts/login/second", {"code": steps.code_of()})
    assert _key(client) != before
    assert not Session.objects.filter(digest=digest_of(before)).exists()


def test_session_and_person_are_one_query(
    client_as: ClientAs, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store = SessionStore(_key(client_as(alice)))
    with django_assert_num_queries(1):
        assert store.person == alice
        assert store["_auth_user_id"] == str(alice.pk)


def test_a_session_that_was_ended_meanwhile_is_not_brought_back(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    store = SessionStore(_key(browser))
    store["x"] = "y"
    end_sessions(alice)
    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists()


def test_another_secret_key_signs_everybody_out(client_as: ClientAs, alice: User, settings: object) -> None:
    browser = client_as(alice)
    settings.SECRET_KEY = "another-key-that-protects-nothing-of-value-0001"  # type: ignore[attr-defined]
    assert browser.get("/activity/").status_code == 302


def test_old_rows_are_cleared(client_as: ClientAs, alice: User) -> None:
    client_as(alice)
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    SessionStore.clear_expired()
    assert not Session.objects.exists()


def test_signing_in_clears_rows_that_are_over(
    client: Client, client_as: ClientAs, alice: User, bob: User
) -> None:
    client_as(bob)
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    steps.sign_in(client, alice)
    assert [row.user for row in Session.objects.all()] == [alice]


# --- How long they last ---


def _at(moment: timedelta) -> time_machine.travel:
    return time_machine.travel(timezone.now() + moment, tick=False)


def test_a_session_ends_when_nobody_did_anything(client_as: ClientAs, alice: User, team: Team) -> None:
    Team.objects.update(idle_minutes=30)
    browser = client_as(alice)
    with _at(timedelta(minutes=29)):
        assert browser.get("/activity/").status_code == 200
    with _at(timedelta(minutes=58)):
        assert browser.get("/activity/").status_code == 200
    with _at(timedelta(minutes=89)):
        ended = browser.get("/activity/?page=2")
        assert ended["Location"] == "/accounts/login/?next=/activity/%3Fpage%3D2&ended=idle"
        assert "Nobody did anything here for a while" in browser.get(ended["Location"]).content.decode()
    assert not Session.objects.filter(user=alice).exists()


def test_polls_do_not_keep_a_session_alive(client_as: ClientAs, alice: User) -> None:
    Team.objects.update(idle_minutes=30)
    browser = client_as(alice)
    poll = {"HX-Request": "true", "HX-Current-URL": "http://testserver/?a=b"}
    with _at(timedelta(minutes=29)):
        assert browser.get("/running", headers=poll).status_code in (200, 286)
    with _at(timedelta(minutes=31)):
        ended = browser.get("/running", headers=poll)
        assert (ended.status_code, ended["HX-Redirect"]) == (
            204,
            "/accounts/login/?next=/%3Fa%3Db&ended=idle",
        )


def test_a_session_ends_at_its_age_whatever_happens(client_as: ClientAs, alice: User) -> None:
    Team.objects.update(session_hours=8)
    browser = client_as(alice)
    for hours in (3, 6, 7.9):
        with _at(timedelta(hours=hours)):
            assert browser.get("/activity/").status_code == 200
    with _at(timedelta(hours=8.1)):
        assert browser.get("/activity/")["Location"].endswith("ended=old")


def test_the_strictest_team_counts(client_as: ClientAs, alice: User) -> None:
    MembershipFactory.create(user=alice, team=TeamFactory.create(name="Zebra", idle_minutes=10))
    browser = client_as(alice)
    with _at(timedelta(minutes=11)):
        assert browser.get("/activity/").status_code == 302


def test_a_new_password_does_not_make_a_session_young(client_as: ClientAs, alice: User) -> None:
    Team.objects.update(session_hours=8)
    browser = client_as(alice)
    with _at(timedelta(hours=7)):
        _change_password(browser)
        assert browser.get("/activity/").status_code == 200
    with _at(timedelta(hours=8.1)):
        assert browser.get("/activity/").status_code == 302


def test_the_last_use_is_written_once_a_minute(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    first = Session.objects.get(user=alice).seen_at
    browser.get("/activity/")
    assert Session.objects.get(user=alice).seen_at == first
    with _at(timedelta(minutes=2)):
        browser.get("/activity/")
        assert Session.objects.get(user=alice).seen_at == timezone.now()


# --- Ending them ---


def _change_password(browser: Client) -> None:
    new = "a quiet river in november"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert browser.post("/accounts/password/change/", fields).status_code == 302


def test_a_new_password_ends_the_other_sessions(client_as: ClientAs, alice: User, bob: User) -> None:
    browser, other, stranger = client_as(alice), client_as(alice), client_as(bob)
    _change_password(browser)
    assert browser.get("/activity/").status_code == 200
    assert other.get("/activity/")["Location"].endswith("ended=over")
    assert stranger.get("/activity/").status_code == 200
    assert Session.objects.filter(user=alice).count() == 1


def test_an_ended_session_says_so(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    end_sessions(alice)
    ended = browser.get("/activity/")
    assert ended["Location"] == "/accounts/login/?next=/activity/&ended=over"
    assert (
        "Your session has ended. Sign in again to go on." in browser.get(ended["Location"]).content.decode()
    )


def test_a_first_visit_is_told_nothing_of_the_kind(client: Client) -> None:
    assert client.get("/activity/")["Location"] == "/accounts/login/?next=/activity/"


def test_all_but_one_end(client_as: ClientAs, alice: User) -> None:
    kept, other = client_as(alice), client_as(alice)
    assert end_sessions(alice, keep=_key(kept)) == 1
    assert kept.get("/activity/").status_code == 200
    assert other.get("/activity/").status_code == 302


def test_a_closed_account_is_out_at_once(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert browser.get("/activity/").status_code == 302
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert browser.get("/activity/").status_code == 302


# --- The page ---


def test_the_page_lists_browsers_and_marks_this_one(client_as: ClientAs, alice: User, bob: User) -> None:
    client_as(bob)
    for agent, ip in ((FIREFOX, "192.0.2.7"), ("curl/8.5", "2001:db8::1")):
        steps.sign_in(Client(headers={"User-Agent": agent}, REMOTE_ADDR=ip), alice)
    page = client_as(alice).get("/account/sessions").content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert page.count(">This one<") == 1
    assert "Firefox on Linux from 192.0.2.7" in text
    assert "curl from 2001:db8::1" in text
    assert "after 12 hours without anybody doing anything, and 14 days after signing in" in text
    assert page.count("/end") == 3


def test_one_session_is_ended_and_only_ones_own(client_as: ClientAs, alice: User, bob: User) -> None:
    browser, other, stranger = client_as(alice), client_as(alice), client_as(bob)
    row = Session.objects.get(digest=digest_of(_key(other)))
    assert stranger.post(f"/account/sessions/{row.pk}/end").status_code == 404
    assert browser.post(f"/account/sessions/{row.pk}/end")["Location"] == "/account/sessions"
    assert other.get("/activity/").status_code == 302
    assert browser.post(f"/account/sessions/{row.pk}/end").status_code == 404
    assert Event.objects.get(action="access.sessions_ended").details == {"count": 1}


def test_ending_this_one_is_signing_out(client_as: ClientAs, alice: User) -> None:
    browser = client_as(alice)
    row = Session.objects.get(digest=digest_of(_key(browser)))
    assert browser.post(f"/account/sessions/{row.pk}/end")["Location"] == "/accounts/logout/"


def test_all_others_are_ended(client_as: ClientAs, alice: User) -> None:
    browser, others = client_as(alice), [client_as(alice), client_as(alice)]
    browser.post("/account/sessions/others/end")
    assert {other.get("/activity/").status_code for other in others} == {302}
    assert "2 other browsers are signed out." in browser.get("/account/sessions").content.decode()
    assert Event.objects.get(action="access.sessions_ended").details == {"count": 2}


def test_the_page_stays_cheap(
    client_as: ClientAs, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = client_as(alice)
    for _number in range(5):
        client_as(alice)
    with django_assert_max_num_queries(12):
        browser.get("/account/sessions")


@pytest.mark.parametrize("path", ["/account/sessions", "/account/security", "/accounts/password/change/"])
def test_somebody_without_a_team_has_an_account_too(client_as: ClientAs, db: None, path: str) -> None:
    browser = client_as(User.objects.create_user("nobody@example.com", PASSWORD))
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/142.0 Safari/537.36", "Chrome on macOS"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_in_words(agent: str, words: str) -> None:
    assert devices.in_words(agent) == words

"""Cookies are tied to the host where browsers can do it; elsewhere a banner says what is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as panel
from django.test import Client
from pytest_django import Settings

from core.transport import secure_context
from teams.models import User
from tests.factories import PASSWORD
from tests.fixtures import ClientAs

pytestmark = pytest.mark.django_db
PAGES = ("/", "/settings", "/nothing-here", "/search?q=%00")


def test_every_cookie_is_tied_to_this_host(alice: User, gateway: object) -> None:
    browser = Client()
    browser.get("/accounts/login/")
    browser.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    browser.post("/accounts/logout/")
    answer = browser.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    cookies = {**browser.cookies, **answer.cookies}
    assert (
        {"__Host-sessionid", "__Host-csrftoken"}
        <= set(cookies)
        <= {"__Host-sessionid", "__Host-csrftoken", "__Host-messages"}
    )
    told = {(c["secure"], c["path"], c["domain"], c["httponly"], c["samesite"]) for c in cookies.values()}
    assert told == {(True, "/", "", True, "Lax")}


def test_a_sentence_for_the_next_page_travels_in_such_a_cookie(
    client_as: ClientAs, alice: User, gateway: object
) -> None:
    browser = client_as(alice)
    assert panel.MESSAGE_STORAGE == "core.cookies.MessageStorage"
    browser.post("/accounts/logout/")
    assert "messages" not in browser.cookies


def settings_for(url: str, tmp_path: Path) -> dict[str, object]:
    """Return the settings of a panel at this address, as a process of its own reads them."""
    names = [
        "SECURE_CONTEXT",
        "SESSION_COOKIE_NAME",
        "CSRF_COOKIE_NAME",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
    ]
    code = (
        "import json; from django.conf import settings as s; from core.cookies import PanelCookieStorage as m\n"
        f"print(json.dumps([*(getattr(s, name) for name in {names!r}), m.cookie_name]))"
    )
    environment = {**os.environ, "PANEL_ENV": "test", "PANEL_URL": url, "PANEL_DATA": str(tmp_path)}
    environment["DJANGO_SETTINGS_MODULE"] = "run402_panel.settings"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=panel.BASE_DIR,
    )
    return dict(zip([*names, "MESSAGES"], json.loads(done.stdout), strict=True))


@pytest.mark.parametrize(
    ("url", "secure", "prefix"),
    [
        ("https://panel.example.com", True, "__Host-"),
        ("http://localhost:8000", True, "__Host-"),
        ("http://panel.lan:8000", False, ""),
    ],
)
def test_names_follow_the_address(tmp_path: Path, url: str, secure: bool, prefix: str) -> None:
    assert settings_for(url, tmp_path) == {
        "SECURE_CONTEXT": secure,
        "SESSION_COOKIE_NAME": f"{prefix}sessionid",
        "CSRF_COOKIE_NAME": f"{prefix}csrftoken",
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_SECURE": secure,
        "MESSAGES": f"{prefix}messages",
    }


def test_banner_stands_on_every_page_without_tls(
    client_as: ClientAs, alice: User, gateway: object, settings: Settings
) -> None:
    settings.SECURE_CONTEXT = False
    assert not secure_context()
    shown = {
        url: client_as(alice).get(url).content.decode().count("no passkeys, no key export") for url in PAGES
    }
    assert shown == dict.fromkeys(PAGES, 1)
    assert "no passkeys, no key export" in Client().get("/accounts/login/").content.decode()


def test_no_banner_where_the_line_is_safe(client_as: ClientAs, alice: User, gateway: object) -> None:
    shown = [client_as(alice).get(url).content.decode() for url in PAGES]
    assert [
        page
        for page in [*shown, Client().get("/accounts/login/").content.decode()]
        if "Not encrypted" in page
    ] == []


def test_browser_that_keeps_no_secure_cookie_is_told_which_do() -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "a"})
    assert (answer.status_code, "open the panel in Chrome, Edge or Firefox" in answer.content.decode()) == (
        403,
        True,
    )
    told = Client(enforce_csrf_checks=True)
    told.get("/accounts/login/")
    answer = told.post("/accounts/login/", {"login": "a"})
    assert (answer.status_code, "Safari" in answer.content.decode()) == (403, False)

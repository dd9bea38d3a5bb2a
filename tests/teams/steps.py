"""What tests of this room do at the account pages."""

from __future__ import annotations

import html
import re
import time
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from teams.models import User
from teams.services import factors
from tests.factories import PASSWORD
from tests.teams.keyring import SoftKey

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def confirm(browser: Client, answer: Any) -> Any:
    """Give the password to the page that an answer led to, and follow where that leads."""
    assert answer["Location"].startswith("/accounts/confirm"), answer
    return browser.post(answer["Location"], {"password": PASSWORD})


def open_confirmed(browser: Client, path: str) -> Any:
    """Open a page that asks who sits there, and confirm."""
    confirm(browser, browser.get(path))
    return browser.get(path)


def options_in(page: Any) -> str:
    """Return what a page asks of the browser's passkeys."""
    found = re.search(r'data-options="([^"]*)"', page.content.decode())
    assert found
    return html.unescape(found.group(1))


def code_of(seed: str = SEED, steps: int = 0) -> str:
    """Return the code that an authenticator app shows now, or so many half minutes from now."""
    return str(format_hotp_value(hotp_value(seed, int(time.time()) // 30 + steps)))


def give_app(user: User) -> str:
    """Set an authenticator app up for somebody; return its seed."""
    factors.add_app(user, SEED)
    return SEED


def add_passkey(browser: Client, key: SoftKey, name: str = "Laptop") -> Any:
    """Add a passkey at the page; return the answer."""
    page = open_confirmed(browser, "/account/security/passkeys/new")
    credential = key.make(options_in(page))
    return browser.post("/account/security/passkeys/new", {"name": name, "credential": credential})


def sign_in(browser: Client, user: User, password: str = PASSWORD) -> Any:
    return browser.post("/accounts/login/", {"login": user.email, "password": password})


def forget_used_codes() -> None:
    cache.clear()

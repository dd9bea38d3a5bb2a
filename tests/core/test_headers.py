"""What every answer tells the browser, whatever it is: page, refusal, mistake, redirect or static file."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from core.transport import is_secure_context
from run402_panel.urls import urlpatterns as panel_urls
from teams.models import User
from tests.addresses import ADDRESSES, url_of
from tests.fixtures import ClientAs

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'none'; object-src 'none'; frame-src 'none'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: What a page whose address is a one-time link says instead: that address goes nowhere, not even to our own pages.
STRICTER = {"Referrer-Policy": "strict-origin"}


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret: hunter2")


broken.login_required = False  # type: ignore[attr-defined]
urlpatterns = [*panel_urls, path("broken", broken)]
handler500 = "core.views.server_error"


def policy_of(response: Any) -> set[str]:
    return set(response.headers.get("Content-Security-Policy", "").split("; "))


def lacking(response: Any, *, static: bool = False) -> list[str]:
    """Return what an answer lacks of what all answers have."""
    missing = [
        name
        for name, value in EXPECTED.items()
        if response.headers.get(name) not in (value, STRICTER.get(name))
    ]
    if policy_of(response) != set(POLICY.split("; ")):
        missing.append(f"CSP {response.headers.get('Content-Security-Policy')}")
    if "publickey-credentials-get=(self)" not in response.headers.get("Permissions-Policy", ""):
        missing.append("Permissions-Policy")
    if not static and "no-store" not in response.headers.get("Cache-Control", ""):
        missing.append(f"Cache-Control {response.headers.get('Cache-Control')}")
    return missing


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_every_address_sends_the_headers(
    client_as: ClientAs, alice: User, gateway: object, name: str
) -> None:
    """As owner and as visitor, by GET and by POST: pages, fragments, redirects, 403, 404, 405."""
    found = {
        (who, method): lacking(getattr(browser, method)(url_of(name)))
        for who, browser in {"alice": client_as(alice), "visitor": Client()}.items()
        for method in ("get", "post")
    }
    assert {key: missing for key, missing in found.items() if missing} == {}


@pytest.mark.django_db
def test_refusals_send_them_too(client_as: ClientAs, dora: User, gateway: object) -> None:
    forged = Client(enforce_csrf_checks=True)
    answers = {
        200: client_as(dora).get("/"),
        302: Client().get("/"),
        403: client_as(dora).post("/wallets/new"),
        404: Client().get("/nothing"),
        405: client_as(dora).post("/search"),
        400: Client().get("/", headers={"host": "elsewhere.example"}),
        414: Client().get("/" + "a" * 5000),
        415: Client().get("/", headers={"content-type": "text/plain; charset=latin-1"}),
    }
    assert {status: (answer.status_code, lacking(answer)) for status, answer in answers.items()} == {
        status: (status, []) for status in answers
    }
    assert lacking(forged.post("/accounts/login/")) == []


@pytest.mark.urls(__name__)
def test_a_mistake_of_ours_sends_them_and_tells_nothing() -> None:
    answer = Client(raise_request_exception=False).get("/broken")
    assert (answer.status_code, lacking(answer)) == (500, [])
    assert re.findall("hunter2|RuntimeError|Traceback", answer.content.decode()) == []


@pytest.mark.parametrize("file", ["css/tokens.css", "js/poll.js", "icons.svg", "fonts/inter.woff2"])
def test_static_files_send_them_and_may_be_kept(client: Client, file: str) -> None:
    answer = client.get(f"/static/{file}")
    assert (answer.status_code, lacking(answer, static=True)) == (200, [])
    assert "no-store" not in answer.headers["Cache-Control"]
    assert answer.getvalue()  # read to its end, which closes the file


def test_nothing_is_upgraded_without_tls_and_everything_with_it(settings: Settings) -> None:
    assert settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["upgrade-insecure-requests"] is settings.HTTPS
    directives = {**settings.CONTENT_SECURITY_POLICY["DIRECTIVES"], "upgrade-insecure-requests": True}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives}
    assert policy_of(Client().get("/livez")) == {*POLICY.split("; "), "upgrade-insecure-requests"}


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://panel.example.com", True),
        ("https://10.0.0.5", True),
        ("http://localhost:8000", True),
        ("http://panel.localhost:8000", True),
        ("http://127.0.0.1:8000", False),
        ("http://panel.lan", False),
        ("http://localhost.example.com", False),
        ("http://notlocalhost", False),
    ],
)
def test_secure_context(url: str, secure: bool) -> None:
    assert is_secure_context(url) is secure

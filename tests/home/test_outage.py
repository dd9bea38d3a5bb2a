"""While Run402 is down or slow, pages say since when and how old what they show is; and it recovers by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from operations import background
from teams.models import User
from tests.fixtures import ClientAs
from tests.sandboxes import Sandbox, turn
from wallets import standing
from wallets.models import Gateway, GatewayStanding

pytestmark = pytest.mark.django_db

SILENT = "does not answer since"


def _down(gateway: Gateway) -> None:
    for _ in range(standing.FAILURES):
        standing.note(gateway, "/tiers/v1", None)


def _home(browser: Client) -> str:
    return browser.get("/").content.decode()


def test_the_banner_says_since_when_and_how_old_the_page_is(
    gateway: Gateway, alice: User, client_as: ClientAs
) -> None:
    browser = client_as(alice)
    assert SILENT not in _home(browser)
    standing.note(gateway, "/tiers/v1", 200)
    GatewayStanding.objects.update(answered_at=timezone.now() - timedelta(minutes=7))
    _down(gateway)
    page = _home(browser)
    assert f"{gateway.name} does not answer since {timezone.now():%-d %b, %H:%M} UTC." in page
    assert "It answered last" in page
    assert "7 min ago" in page


def test_fewer_requests_are_told_while_they_are_asked_for(
    gateway: Gateway, alice: User, client_as: ClientAs
) -> None:
    standing.note(gateway, "/tiers/v1", 429, retry_after=30)
    assert "asks for fewer requests." in _home(client_as(alice))
    GatewayStanding.objects.update(held_until=timezone.now())
    assert "asks for fewer requests." not in _home(client_as(alice))


def test_it_recovers_by_itself(sandbox: Sandbox, alice: User, client_as: ClientAs) -> None:
    gateway, browser = sandbox.gateway, client_as(alice)
    turn(sandbox, {"do": "drop_before", "path": "/tiers/v1", "method": "GET", "times": 100})
    try:
        _down(gateway)
        GatewayStanding.objects.update(retry_at=timezone.now())
        background.look()
        assert SILENT in _home(browser)
    finally:
        turn(sandbox, None)
    GatewayStanding.objects.update(retry_at=timezone.now())
    background.look()
    assert SILENT not in _home(browser)

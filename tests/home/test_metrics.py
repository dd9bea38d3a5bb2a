"""Prometheus reads the figures with a token; nobody else knows that they are there."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import Settings

from operations import pulse
from teams.models import Team, User
from tests.factories import OperationFactory
from tests.fixtures import ClientAs

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-the-operator"
LINE = re.compile(r'(# (HELP|TYPE) panel_\w+ .+|panel_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+]+)')


@pytest.fixture
def token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def test_there_is_no_such_page_without_a_token_in_the_settings(alice: User, client_as: ClientAs) -> None:
    assert Client().get("/metrics").status_code == 404
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    assert client_as(alice).get("/metrics").status_code == 404


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN])
def test_whoever_shows_no_token_or_another_one_is_told_how(token: None, shown: str) -> None:
    answer = Client().get("/metrics", headers={"Authorization": shown})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert b"panel_" not in answer.content


def test_signing_in_does_not_help(token: None, alice: User, client_as: ClientAs) -> None:
    assert client_as(alice).get("/metrics").status_code == 401


def test_the_figures_are_gauges_in_prometheus_format(token: None, team: Team) -> None:
    pulse.beat_once("one")
    OperationFactory.create(team=team, title="Secret plans")
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]
    text = answer.content.decode()
    assert [line for line in text.splitlines() if not LINE.fullmatch(line)] == []
    assert "panel_workers 1\n" in text
    assert team.name not in text
    assert "Secret" not in text

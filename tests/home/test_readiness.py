"""Readiness says what is missing, and nothing secret."""

from __future__ import annotations

import shutil

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from home import readiness
from operations import pulse, schedule

pytestmark = pytest.mark.django_db


def test_ready_without_signing_in() -> None:
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert answer.json()["checks"]["migrations"] == "ok"


def test_cache_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError("redis://user:password@cache:6379 refused")

    monkeypatch.setattr(cache, "set", refuse)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["cache"]) == (503, "not reachable")
    assert "password" not in answer.content.decode()


def test_database_that_is_gone_is_named_and_nothing_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def cursor(self) -> None:
            raise OperationalError("could not connect to postgres://user:password@db")

    monkeypatch.setattr(readiness, "connection", Gone())
    assert {name: words for name, words in readiness.checks().items() if words != "ok"} == {
        "database": "not reachable"
    }


def test_whole_instance_is_ready_only_while_a_worker_answers(keysets: None) -> None:
    silent = Client().get("/readyz?worker=1")
    assert (silent.status_code, silent.json()["checks"]["worker"]) == (503, "not answering")
    pulse.beat_once("bench-1")
    schedule.beat_once("bench-1")
    assert Client().get("/readyz?worker=1").status_code == 200


def test_rooms_checks_are_about_the_whole_instance(monkeypatch: pytest.MonkeyPatch, keysets: None) -> None:
    usage = shutil.disk_usage("/")._replace(free=1024 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    pulse.beat_once("bench-1")
    schedule.beat_once("bench-1")
    assert Client().get("/readyz").status_code == 200
    checks = Client().get("/readyz?worker=1").json()["checks"]
    assert {name: words for name, words in checks.items() if words != "ok"} == {
        "disk": "1 MB left in the data folder"
    }


@pytest.mark.parametrize(
    ("lacks", "words"),
    [
        ("VAULT_PRIVATE_KEYSET", "1 of 2 cannot read the private keyset"),
        ("POLICY_MAC_KEYSET", "1 of 2 cannot read the policy key"),
    ],
)
def test_a_worker_without_its_keys_is_told(keysets: None, settings: Settings, lacks: str, words: str) -> None:
    pulse.beat_once("bench-1")
    setattr(settings, lacks, "")
    pulse.beat_once("bench-2")
    answer = Client().get("/readyz?worker=1")
    assert (answer.status_code, answer.json()["checks"]["worker"]) == (503, words)
    assert Client().get("/readyz").status_code == 200

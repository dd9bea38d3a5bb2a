"""What operators see of the disk: what a worker measured, and what would go now."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.ui import figures
from operations import disk
from operations.models import State
from teams.models import Team, User
from tests.factories import OperationFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client_as: ClientAs, charlie: User, settings: Settings, tmp_path: Path) -> Client:
    """The browser of an operator of an instance whose store holds one file."""
    settings.STORE_DIR = tmp_path / "store"
    settings.STORE_DIR.mkdir()
    (settings.STORE_DIR / "blob").write_bytes(b"x" * 1234)
    User.objects.filter(pk=charlie.pk).update(is_operator=True)
    return client_as(User.objects.get(pk=charlie.pk))


def test_before_a_worker_measured_the_page_says_so(operator: Client) -> None:
    assert "Not measured yet." in operator.get("/instance").content.decode()


def test_the_page_shows_what_was_measured(operator: Client, team: Team, gateway: Gateway) -> None:
    long_ago = timezone.now() - timedelta(days=200)
    OperationFactory.create(team=team, gateway=gateway, state=State.SUCCEEDED, finished_at=long_ago)
    use = disk.measure()
    assert use.due["operations"]["count"] == 1
    page = operator.get("/instance")
    shown = page.content.decode()
    for words in (
        figures.size(use.database_bytes),
        "1.2 KB",
        "1 file",
        figures.size(use.free_bytes),
        "Operations, with their steps and requests",
        "Uploaded files that nothing refers to",
        "Memberships",
    ):
        assert words in shown
    freed = {str(row.label): row.count for row in page.context["page"].kept.due}
    assert freed["Operations, with their steps and requests"] == 1


def test_a_web_process_never_walks_the_store(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(*args: object) -> object:
        raise AssertionError("a page walked through the store")

    disk.measure()
    monkeypatch.setattr(os, "walk", walk)
    assert operator.get("/instance").status_code == 200

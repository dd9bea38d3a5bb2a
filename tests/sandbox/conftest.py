"""A sandbox in this process, with quick phases and small upload parts, and three people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.sandbox_http import Http, sandbox_over
from tests.sandbox.sandbox_player import Owned, Player

PART_BYTES = 1024


@pytest.fixture
def http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    monkeypatch.setenv("SANDBOX_PHASE_MS", "1")
    monkeypatch.setenv("SANDBOX_PART_BYTES", str(PART_BYTES))
    with sandbox_over(tmp_path / "data") as client:
        yield client


@pytest.fixture
def alice(http: Http) -> Player:
    """With test money and the smallest tier."""
    player = Player(http)
    player.settle_in()
    return player


@pytest.fixture
def bob(http: Http) -> Player:
    """With test money and the smallest tier."""
    player = Player(http)
    player.settle_in()
    return player


@pytest.fixture
def charlie(http: Http) -> Player:
    """With nothing."""
    return Player(http)


@pytest.fixture
def guestbook(alice: Player) -> Owned:
    """A project of alice without a deploy."""
    return alice.project("guestbook")

"""Fixtures of the engine's tests."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from operations import queue
from operations.models import Operation
from operations.registry import Handler, kinds
from operations.registry import kind as register_kind
from teams.models import Team, User
from teams.permissions import Action
from wallets.models import Gateway

MakeKind = Callable[..., str]
Submit = Callable[..., Operation]


@pytest.fixture
def make_kind() -> Iterator[MakeKind]:
    """Return a function that registers a handler as a kind for this test, and returns the kind's name."""
    made: list[str] = []
    numbers = itertools.count()

    def make(handler: Handler, **options: Any) -> str:
        name = f"test.made{next(numbers)}"
        register_kind(name, name, **{"action": Action.DEPLOY, **options})(handler)
        made.append(name)
        return name

    yield make
    for name in made:
        del kinds._entries[name]


@pytest.fixture
def submit(team: Team, alice: User, gateway: Gateway) -> Submit:
    """Return a function that puts an operation of alice's in line."""

    def put(kind: str, **options: Any) -> Operation:
        defaults = {"title": kind, "team": team, "gateway": gateway, "actor": alice}
        return queue.submit(queue.Request(kind=kind, **{**defaults, **options}))

    return put


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """The file into which the doubles write their effects."""
    return tmp_path / "journal"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of the processes that a test starts: broker, logs."""
    folder = tmp_path / "data"
    (folder / "broker" / "queue").mkdir(parents=True)
    (folder / "broker" / "control").mkdir()
    return folder

"""Fixtures of the engine's tests."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from operations import queue
from operations.models import Operation, Reason, State
from operations.registry import Handler, kinds
from operations.registry import kind as register_kind
from teams.models import Team, User
from teams.permissions import Action
from tests.factories import OperationFactory
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


#: What Run402 never said whether it happened.
ERROR = {
    "code": "NO_ANSWER",
    "message": "The connection broke.",
    "source": "run402",
    "retryable": False,
    "safe_to_retry": False,
    "mutation_state": "unknown",
    "trace_id": "trc_1",
    "details": {"operation_id": "op_42", "secret_thing": "never-shown"},
}


@pytest.fixture
def ends() -> list[tuple[str, str]]:
    """What the kind was told of ends: id and state."""
    return []


@pytest.fixture
def doubtful(
    team: Team, alice: User, gateway: Gateway, make_kind: MakeKind, ends: list[tuple[str, str]]
) -> Operation:
    """An operation of alice's in review; its kind cannot look for itself."""
    kind = make_kind(lambda work: None, on_end=lambda row: ends.append((str(row.pk), row.state)))
    return in_review(team, alice, gateway, kind)


def in_review(team: Team, actor: User, gateway: Gateway, kind: str) -> Operation:
    return OperationFactory.create(
        team=team,
        actor=actor,
        gateway=gateway,
        kind=kind,
        title="Deploy of tidepool",
        state=State.WAITING,
        reason=Reason.REVIEW,
        started_at=timezone.now(),
        error=ERROR,
        checkpoints={"plan_id": "pln_7"},
    )

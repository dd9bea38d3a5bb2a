"""Killed between any two steps, no operation does anything twice, and each ends as if nothing had happened.

Every boundary of an attempt is a place to die: before and after each request, before and after each checkpoint, and
before its ending is written. Each place is died at once, one attempt after another, until nothing is left to die at.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from deploys.pipeline import following
from operations import runner
from operations.models import FINAL, Operation, State
from operations.registry import kinds
from operations.work import Work
from run402 import Exchange
from teams.models import Team, User
from tests.billing.conftest import call
from tests.fixtures import ClientAs
from tests.operations.scenarios import READINGS, SCENARIOS, Scenario
from tests.operations.world import World, effects
from tests.sandboxes import Sandbox

pytestmark = [pytest.mark.django_db]

MOST_DEATHS = 60
KILLED = {**SCENARIOS, **READINGS}


class PowerCut(BaseException):
    """The worker is gone, from one instant to the next."""


class Deaths:
    """Places to die at. Each is died at once."""

    def __init__(self) -> None:
        self.places: list[str] = []
        self.armed = False
        self._last = "start"

    def at(self, place: str) -> None:
        """Die here, unless that was done."""
        own = threading.current_thread() is threading.main_thread()
        if self.armed and own and place not in self.places:
            self.places.append(place)
            raise PowerCut

    def before_request(self, method: str) -> None:
        self.at(f"before {method} after {self._last}")

    def after_request(self, exchange: Exchange) -> None:
        if exchange.path.startswith("/"):
            self._last = f"{exchange.method} {exchange.path.split('?')[0]}"
            self.at(f"after {self._last}")


@pytest.fixture
def deaths(monkeypatch: pytest.MonkeyPatch) -> Deaths:
    """Put a place to die around every step of an attempt."""
    found = Deaths()
    before, heard, checkpoint, write = Work._before, Work._on_exchange, Work.checkpoint, runner.write

    def _before(self: Work, method: str) -> None:
        found.before_request(method)
        before(self, method)
        found.at(f"noted {method} after {found._last}")

    def _on_exchange(self: Work, exchange: Exchange) -> None:
        heard(self, exchange)
        found.after_request(exchange)

    def _checkpoint(self: Work, **facts: Any) -> None:
        found.at(f"before keeping {sorted(facts)}")
        checkpoint(self, **facts)
        found.at(f"kept {sorted(facts)}")

    def _write(operation: Operation, ending: Any, **options: Any) -> None:
        found.at(f"before {ending.state} of {operation.phase}")
        write(operation, ending, **options)

    monkeypatch.setattr(Work, "_before", _before)
    monkeypatch.setattr(Work, "_on_exchange", _on_exchange)
    monkeypatch.setattr(Work, "checkpoint", _checkpoint)
    monkeypatch.setattr(runner, "write", _write)
    monkeypatch.setattr(following, "LOOKS", ())
    return found


@pytest.fixture
def world(sandbox: Sandbox, keysets: None, team: Team, alice: User, client_as: ClientAs) -> World:
    browser: Client = client_as(alice)
    return World(sandbox, team, alice, browser)


def test_every_kind_that_changes_something_is_killed_here() -> None:
    mutating = {kind.name for kind in kinds if kind.mutates and not kind.name.startswith("test.")}
    assert mutating == set(SCENARIOS)


def test_every_kind_that_changes_something_at_run402_can_look_what_became_of_it() -> None:
    """What sends nothing stays in one transaction of the panel's own, so there is nothing to look for."""
    local = {
        "wallet.create",
        "wallet.import",
        "team.threshold",
        "team.threshold_raise",
        "wallet.limits",
        "wallet.rail",
        "wallet.raise",
        "wallet.export",
        "wallet.unfreeze",
        "wallet.unfreeze_due",
        "passkey.trust",
        "payee.confirm",
        "payment.decide",
        "project.reveal",
    }
    blind = {kind.name for kind in kinds if kind.mutates and kind.reconcile is None}
    assert {name for name in blind if not name.startswith("test.")} == local


@pytest.mark.parametrize("kind", sorted(KILLED))
def test_killed_anywhere_it_does_everything_once(kind: str, world: World, deaths: Deaths) -> None:
    scenario = KILLED[kind]
    whole, _ = _change(scenario, world, deaths, armed=False)
    killed, operation = _change(scenario, world, deaths, armed=True)
    assert (operation.state, operation.error) == (State.SUCCEEDED, {})
    assert killed == whole
    assert len(deaths.places) >= 1


def _change(
    scenario: Scenario, world: World, deaths: Deaths, *, armed: bool
) -> tuple[dict[str, int], Operation]:
    """Carry one operation to its end; return what there is more of, and the operation."""
    operation = scenario.start(world)
    before = effects(world, operation)
    deaths.armed = armed
    _carry(operation, lambda: scenario.answer and scenario.answer(world, operation), MOST_DEATHS)
    deaths.armed = False
    if scenario.seconds and Operation.objects.get(pk=operation.pk).state not in FINAL:
        _carry_later(operation, world, scenario.seconds)
    operation = Operation.objects.get(pk=operation.pk)
    after = effects(world, operation)
    return {
        name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)
    }, operation


def _carry_later(operation: Operation, world: World, seconds: float) -> None:
    """Go on when the signed payment can settle no more, and the chain tells."""
    call(world.sandbox, "POST", "/_sandbox/knobs", {"do": "clock", "seconds": seconds, "only": "proofs"})
    try:
        with time_machine.travel(time.time() + seconds):
            _carry(operation, lambda: None, MOST_DEATHS)
    finally:
        call(world.sandbox, "DELETE", "/_sandbox/knobs")


def _carry(operation: Operation, answer: Callable[[], object], most: int) -> None:
    """Run attempts until it has ended, reviving it after each death as another worker would.

    Stops after so many, where only time helps.
    """
    for _ in range(most):
        operation.refresh_from_db()
        if operation.state in FINAL:
            return
        if operation.state == State.WAITING:
            answer()
            continue
        _attempt(operation)


def _attempt(operation: Operation) -> None:
    """Let a worker take it once. A worker that dies is missed by the sweep; how often that happens is not the point."""
    this = Operation.objects.filter(pk=operation.pk)
    this.filter(state=State.QUEUED).update(not_before=timezone.now() - timedelta(seconds=1), attempts=0)
    claimed = runner.claim(operation.queue)
    assert claimed is not None
    assert claimed.pk == operation.pk
    try:
        runner.run(claimed)
    except PowerCut:
        this.update(lease_until=timezone.now() - timedelta(seconds=1), attempts=1)
        runner.sweep(operation.queue)

"""A cancellation is honoured before the step that counts; afterwards everything is done, and the end says so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from deploys.pipeline import following
from operations import runner
from operations.models import FINAL, Operation, State
from operations.work import Work
from teams.models import Team, User
from tests.fixtures import ClientAs
from tests.operations.scenarios import SCENARIOS
from tests.operations.world import World, effects
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db

KINDS = ("wallet.faucet", "tier.set", "project.provision", "deploy", "redeploy")
#: What it keeps first is that it asks, in the very next instant.
ASK_FIRST = ("project.provision",)
AT_RUN402 = ("micros", "projects", "generation")


@pytest.fixture
def world(
    sandbox: Sandbox,
    keysets: None,
    team: Team,
    alice: User,
    client_as: ClientAs,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    monkeypatch.setattr(following, "LOOKS", ())
    return World(sandbox, team, alice, client_as(alice))


class Cancelling:
    """Asks an operation to stop when it has kept so many checkpoints; counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept = self.after = 0
        self.pk: UUID | None = None
        keep = Work.checkpoint

        def checkpoint(work: Work, **facts: Any) -> None:
            keep(work, **facts)
            if work.operation.pk == self.pk:
                self.kept += 1
                if self.kept == self.after:
                    Operation.objects.filter(pk=self.pk).update(cancel_requested=True)

        monkeypatch.setattr(Work, "checkpoint", checkpoint)

    def carry(self, kind: str, world: World, *, after: int) -> tuple[str, dict[str, int]]:
        """Carry one operation of the kind to its end; return its state and what it changed at Run402."""
        scenario = SCENARIOS[kind]
        operation = scenario.start(world)
        before = effects(world, operation)
        self.kept, self.after, self.pk = 0, after, operation.pk
        for _ in range(60):
            operation.refresh_from_db()
            if operation.state in FINAL:
                break
            if operation.state == State.WAITING:
                assert scenario.answer is not None
                scenario.answer(world, operation)
            Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
            runner.run_due(operation.queue)
        self.pk = None
        now = effects(world, operation)
        changed = {name: now[name] - before.get(name, 0) for name in AT_RUN402 if name in now}
        return operation.state, {name: count for name, count in changed.items() if count}


@pytest.mark.parametrize("kind", KINDS)
def test_early_it_changes_nothing_and_late_it_does_everything(
    kind: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelling = Cancelling(monkeypatch)
    state, whole = cancelling.carry(kind, world, after=0)
    assert (state, bool(whole)) == (State.SUCCEEDED, True)
    last = cancelling.kept
    if kind not in ASK_FIRST:
        assert cancelling.carry(kind, world, after=1) == (State.CANCELLED, {})
    assert cancelling.carry(kind, world, after=last) == (State.SUCCEEDED, whole)

"""While everything, a team or a gateway is stopped, its operations stand in line; afterwards they go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.record import Actor
from operations import queue, runner, wake
from operations.models import Operation, State
from operations.registry import INTERACTIVE, SYNC
from operations.watch.findings import oldest_free
from operations.work import Later, Work
from teams.models import Team, User
from tests.factories import GatewayFactory, MembershipFactory, TeamFactory
from tests.operations.conftest import MakeKind, Submit
from tests.sandboxes import Sandbox
from wallets import halts
from wallets.models import Gateway, Halt

pytestmark = pytest.mark.django_db

ALICE = Actor("1", "Alice")
SCOPES = ("everything", "team", "gateway")


def stop(scope: str, team: Team, gateway: Gateway) -> Halt:
    targets: dict[str, dict[str, Any]] = {
        "everything": {},
        "team": {"team": team},
        "gateway": {"gateway": gateway},
    }
    return halts.stop(actor=ALICE, why="a key leaked", **targets[scope])


def state_of(operation: Operation) -> State:
    operation.refresh_from_db()
    return State(operation.state)


@pytest.mark.parametrize("scope", SCOPES)
def test_it_is_not_claimed_and_goes_on_when_the_halt_is_lifted(
    scope: str, team: Team, gateway: Gateway, make_kind: MakeKind, submit: Submit
) -> None:
    halt = stop(scope, team, gateway)
    operation = submit(make_kind(lambda work: {}))
    assert (runner.run_due(INTERACTIVE), state_of(operation), operation.fence) == (0, State.QUEUED, 0)
    halts.lift(halt, actor=ALICE)
    assert (runner.run_due(INTERACTIVE), state_of(operation)) == (1, State.SUCCEEDED)


def test_other_teams_and_gateways_go_on(
    team: Team, alice: User, gateway: Gateway, make_kind: MakeKind, submit: Submit
) -> None:
    stop("gateway", team, gateway)
    MembershipFactory.create(user=alice, team=(other_team := TeamFactory.create()))
    name, other = make_kind(lambda work: {}), GatewayFactory.create(slug="other", name="Other")
    stopped, elsewhere, nowhere = submit(name), submit(name, gateway=other), submit(name, gateway=None)
    stop("team", other_team, gateway)
    theirs = submit(name, team=other_team, gateway=other)
    runner.run_due(INTERACTIVE)
    assert [state_of(one) for one in (stopped, elsewhere, nowhere, theirs)] == [
        State.QUEUED,
        State.SUCCEEDED,
        State.SUCCEEDED,
        State.QUEUED,
    ]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_running_one_stops_between_two_steps_and_goes_on_after_the_last(
    scope: str, team: Team, gateway: Gateway, make_kind: MakeKind, submit: Submit
) -> None:
    done: list[int] = []
    made: list[Halt] = []

    def steps(work: Work) -> dict[str, int]:
        for step in range(3):
            if f"step{step}" not in work.checkpoints:
                work.stop_if_cancelled()
                done.append(step)
                work.checkpoint(**{f"step{step}": True})
            if step == 1 and not made:
                made.append(stop(scope, team, gateway))
        return {"steps": 3}

    operation = submit(make_kind(steps))
    assert (runner.run_due(INTERACTIVE), state_of(operation), done) == (1, State.QUEUED, [0, 1])
    assert (operation.attempts, operation.has_started) == (0, True)
    assert operation.events.latest("seq").message == halts.said(made[0])
    assert runner.run_due(INTERACTIVE) == 0
    halts.lift(made[0], actor=ALICE)
    assert (runner.run_due(INTERACTIVE), state_of(operation), done) == (1, State.SUCCEEDED, [0, 1, 2])


def test_a_paused_tick_does_not_go_on(
    team: Team, gateway: Gateway, make_kind: MakeKind, submit: Submit
) -> None:
    def ticks(work: Work) -> dict[str, int]:
        looked = work.checkpoints.get("looked", 0) + 1
        work.checkpoint(looked=looked)
        if looked < 2:
            raise Later(0)
        return {"looked": looked}

    operation = submit(make_kind(ticks))
    runner.run(runner.claim(INTERACTIVE) or operation)
    halt = stop("team", team, gateway)
    assert (runner.run_due(INTERACTIVE), state_of(operation)) == (0, State.QUEUED)
    halts.lift(halt, actor=ALICE)
    runner.run_due(INTERACTIVE)
    assert (state_of(operation), operation.result) == (State.SUCCEEDED, {"looked": 2})


def test_one_that_was_claimed_just_before_does_not_begin(
    team: Team, gateway: Gateway, make_kind: MakeKind, submit: Submit
) -> None:
    ran: list[int] = []

    def runs(work: Work) -> dict[str, int]:
        ran.append(1)
        return {}

    operation = submit(make_kind(runs))
    claimed = runner.claim(INTERACTIVE)
    assert claimed == operation
    stop("everything", team, gateway)
    runner.run(claimed)
    assert (state_of(operation), operation.attempts, operation.has_started, ran) == (
        State.QUEUED,
        0,
        False,
        [],
    )


def test_no_request_leaves_a_handler_that_asks_for_nothing(
    sandbox: Sandbox, team: Team, make_kind: MakeKind, submit: Submit
) -> None:
    def reads(work: Work) -> dict[str, int]:
        with work.client(sign=False) as client:
            client.tiers.quote()
            stop("team", team, sandbox.gateway)
            client.tiers.quote()
        return {}

    operation = submit(make_kind(reads), gateway=sandbox.gateway)
    runner.run_due(INTERACTIVE)
    assert (state_of(operation), operation.requests.count()) == (State.QUEUED, 1)


def test_kinds_that_find_out_the_truth_run_on(
    team: Team, gateway: Gateway, make_kind: MakeKind, submit: Submit
) -> None:
    stop("everything", team, gateway)

    def looks(work: Work) -> dict[str, int]:
        work.stop_if_cancelled()
        return {}

    operation = submit(make_kind(looks, runs_halted=True))
    assert (runner.run_due(INTERACTIVE), state_of(operation)) == (1, State.SUCCEEDED)


def test_a_cancellation_comes_before_a_halt(
    team: Team, alice: User, gateway: Gateway, make_kind: MakeKind, submit: Submit
) -> None:
    def cancelled(work: Work) -> dict[str, int]:
        queue.cancel(work.operation, actor=alice)
        stop("team", team, gateway)
        work.stop_if_cancelled()
        return {}

    operation = submit(make_kind(cancelled))
    runner.run_due(INTERACTIVE)
    assert state_of(operation) == State.CANCELLED


def test_what_is_stopped_is_no_line_that_workers_neglect(
    team: Team, gateway: Gateway, make_kind: MakeKind, submit: Submit
) -> None:
    operation = submit(make_kind(lambda work: {}, queue=SYNC))
    Operation.objects.update(not_before=timezone.now() - timedelta(hours=1))
    assert (wake.is_due(SYNC), oldest_free(timedelta(minutes=5)) is None) == (True, False)
    stop("team", team, gateway)
    assert (wake.is_due(SYNC), oldest_free(timedelta(minutes=5))) == (False, None)
    assert state_of(operation) == State.QUEUED

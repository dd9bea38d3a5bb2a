"""Putting operations in line, deciding waiting ones, cancelling."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audit.models import Event
from core.errors import Refusal
from operations import queue, runner
from operations.models import Operation, OperationEvent, Reason, State
from operations.work import Later, Wait, Work
from teams.models import Team, User
from tests.operations.conftest import MakeKind, Submit
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


def _nothing(work: Work) -> None:
    return None


def _run() -> None:
    Operation.objects.filter(state=State.QUEUED).update(not_before=timezone.now())
    runner.run_due("interactive")


def _state(operation: Operation) -> str:
    operation.refresh_from_db()
    return operation.state


def _audit() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("seq").values_list("actor_label", "action"))


def test_what_is_asked_for_stands_in_line(make_kind: MakeKind, submit: Submit, team: Team) -> None:
    operation = submit(make_kind(_nothing), title="Make a wallet", args={"a": 1})
    operation.refresh_from_db()
    assert (operation.state, operation.team, operation.args) == (State.QUEUED, team, {"a": 1})
    assert operation.actor_label == "Alice"
    assert _audit() == [("Alice", "operation.requested")]


def test_who_may_not_is_refused_and_only_the_record_tells_it(
    make_kind: MakeKind, submit: Submit, dora: User
) -> None:
    with pytest.raises(Refusal) as refused:
        submit(make_kind(_nothing), actor=dora)
    assert refused.value.fault.code == "NOT_ALLOWED"
    assert Operation.objects.count() == 0
    assert _audit() == [("Dora", "operation.refused")]


def test_a_stranger_to_the_team_is_refused(make_kind: MakeKind, submit: Submit, charlie: User) -> None:
    with pytest.raises(Refusal):
        submit(make_kind(_nothing), actor=charlie)


def test_the_panel_itself_may(make_kind: MakeKind, submit: Submit) -> None:
    assert submit(make_kind(_nothing), actor=None).actor_label == "Run402 Panel"


def test_an_equal_one_is_returned_while_it_is_under_way(make_kind: MakeKind, submit: Submit) -> None:
    kind = make_kind(_nothing)
    first = submit(kind, unique_key="balance/1")
    assert submit(kind, unique_key="balance/1") == first
    assert submit(kind, unique_key="balance/2") != first
    _run()
    assert submit(kind, unique_key="balance/1") != first
    assert len(_audit()) == 3 + 2  # three requests, two ends


def test_equal_keys_of_two_teams_do_not_meet(
    make_kind: MakeKind, submit: Submit, charlie: User, team: Team
) -> None:
    kind = make_kind(_nothing)
    own = submit(kind, unique_key="tiers")
    assert submit(kind, unique_key="tiers", actor=charlie, team=charlie.teams.get()) != own


@pytest.mark.django_db(transaction=True)
def test_two_people_asking_at_the_same_instant_get_one_operation(make_kind: MakeKind, submit: Submit) -> None:
    kind, together = make_kind(_nothing), Barrier(4)

    def ask(_: int) -> Any:
        together.wait()
        try:
            return submit(kind, unique_key="only-one").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert Operation.objects.count() == 1


def test_a_delay_is_kept(make_kind: MakeKind, submit: Submit) -> None:
    submit(make_kind(_nothing), delay=timedelta(seconds=60))
    assert runner.run_due("interactive") == 0


# --- Decisions ---


def _asks(work: Work) -> dict[str, str]:
    if "answer" not in work.checkpoints:
        raise Wait(Reason.CONFIRMATION, "Sure?")
    return {"answer": work.checkpoints["answer"]}


def test_a_decision_lets_it_go_on(make_kind: MakeKind, submit: Submit, alice: User) -> None:
    operation = submit(make_kind(_asks))
    _run()
    queue.decide(operation, actor=alice, checkpoints={"answer": "yes"}, message="Confirmed")
    _run()
    assert (_state(operation), operation.result) == (State.SUCCEEDED, {"answer": "yes"})
    types = list(OperationEvent.objects.values_list("type", flat=True))
    assert types == ["waiting", "decision", "succeeded"]
    assert [action for _, action in _audit()][1] == "operation.decided"


def test_a_decision_is_taken_once(make_kind: MakeKind, submit: Submit, alice: User) -> None:
    operation = submit(make_kind(_asks))
    _run()
    queue.decide(operation, actor=alice, checkpoints={"answer": "yes"}, message="Confirmed")
    with pytest.raises(Refusal) as refused:
        queue.decide(operation, actor=alice, checkpoints={"answer": "no"}, message="Confirmed")
    assert refused.value.fault.code == "NOT_WAITING"


# --- Cancelling ---


def test_what_nobody_started_is_cancelled_at_once(make_kind: MakeKind, submit: Submit, alice: User) -> None:
    heard: list[str] = []
    operation = submit(make_kind(_nothing, on_end=lambda op: heard.append(op.state)))
    assert queue.cancel(operation, actor=alice) == State.CANCELLED
    assert runner.run_due("interactive") == 0
    assert heard == [State.CANCELLED]
    assert _audit()[-1] == ("Alice", "operation.cancelled")


def test_what_waits_for_a_person_is_cancelled_at_once(
    make_kind: MakeKind, submit: Submit, alice: User
) -> None:
    operation = submit(make_kind(_asks))
    _run()
    assert queue.cancel(operation, actor=alice) == State.CANCELLED
    assert operation.reason == ""


def test_what_runs_stops_before_its_next_step(make_kind: MakeKind, submit: Submit, alice: User) -> None:
    done: list[int] = []

    def handler(work: Work) -> None:
        for step in range(3):
            work.stop_if_cancelled()
            done.append(step)
            assert queue.cancel(work.operation, actor=alice) == State.RUNNING

    operation = submit(make_kind(handler))
    _run()
    assert (_state(operation), done) == (State.CANCELLED, [0])


def test_what_pauses_between_steps_stops_without_waiting(
    make_kind: MakeKind, submit: Submit, alice: User
) -> None:
    def handler(work: Work) -> None:
        work.stop_if_cancelled()
        raise Later(3600)

    operation = submit(make_kind(handler))
    _run()
    assert queue.cancel(operation, actor=alice) == State.QUEUED
    assert runner.run_due("interactive") == 1
    assert _state(operation) == State.CANCELLED


def test_what_has_ended_stays_as_it_ended(make_kind: MakeKind, submit: Submit, alice: User) -> None:
    operation = submit(make_kind(_nothing))
    _run()
    assert queue.cancel(operation, actor=alice) == State.SUCCEEDED
    assert operation.cancel_requested is False


def test_a_cancelled_row_frees_its_lane(
    make_kind: MakeKind, submit: Submit, alice: User, gateway: Gateway
) -> None:
    kind = make_kind(_nothing)
    first, second = (submit(kind, lane="project/1") for _ in range(2))
    queue.cancel(first, actor=alice)
    _run()
    assert _state(second) == State.SUCCEEDED

"""Whatever a handler does and whatever stands in a row, it ends truthfully and nothing else is kept from being done."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from operations import consent, endings, runner
from operations.models import Operation, OperationEvent, State
from operations.registry import DEPLOYS
from operations.work import Work
from teams.models import Team
from tests.factories import OperationFactory
from tests.operations import doubles, processes
from tests.operations.conftest import MakeKind, Submit

pytestmark = pytest.mark.django_db


def _run(operation: Operation) -> Operation:
    Operation.objects.filter(pk=operation.pk, state=State.QUEUED).update(not_before=timezone.now())
    runner.run_due("interactive")
    operation.refresh_from_db()
    return operation


def _overflow(work: Work) -> Any:
    return _overflow(work)


def _raises(error: BaseException) -> Callable[[Work], Any]:
    def handler(work: Work) -> None:
        raise error

    return handler


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("handler", "name"),
    [
        (_raises(MemoryError()), "MemoryError"),
        (_overflow, "RecursionError"),
        (_raises(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")), "UnicodeDecodeError"),
        (_raises(Exception()), "Exception"),
        (_raises(StopIteration()), "StopIteration"),
        (_raises(AssertionError("\x00")), "AssertionError"),
    ],
)
def test_whatever_a_handler_raises_is_a_mistake_of_the_panel(
    make_kind: MakeKind, submit: Submit, handler: Any, name: str
) -> None:
    operation = _run(submit(make_kind(handler)))
    assert (operation.state, operation.error["code"], operation.error["details"]) == (
        State.FAILED,
        "PANEL_BUG",
        {"exception": name},
    )


@pytest.mark.parametrize("stop", [SystemExit(3), KeyboardInterrupt()])
def test_a_process_that_is_told_to_end_gives_the_row_back_and_ends(
    make_kind: MakeKind, submit: Submit, stop: BaseException
) -> None:
    operation = submit(make_kind(_raises(stop)))
    for attempt in range(1, endings.MAX_ATTEMPTS + 1):
        with pytest.raises(type(stop)):
            _run(operation)
        operation.refresh_from_db()
        assert operation.attempts == attempt
    assert (operation.state, operation.error["code"]) == (State.FAILED, "WORKER_LOST")
    assert list(OperationEvent.objects.values_list("type", flat=True)) == ["requeued"] * 4 + ["failed"]


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ([1], "not a mapping"),
        ("done", "not a mapping"),
        (0, "not a mapping"),
        ({"at": timezone.now()}, "not JSON"),
        ({"share": float("nan")}, "not JSON"),
        ({("a", "b"): 1}, "not JSON"),
        ({"text": "x" * endings.MOST_RESULT_BYTES}, "too large"),
    ],
)
def test_nonsense_that_a_handler_returns_is_not_stored(
    make_kind: MakeKind, submit: Submit, result: Any, problem: str
) -> None:
    operation = _run(submit(make_kind(lambda work: result)))
    assert (operation.state, operation.error["code"], operation.result) == (State.FAILED, "BAD_RESULT", {})
    assert operation.error["details"] == {"problem": problem}


@pytest.mark.parametrize("field", ["args", "checkpoints"])
@pytest.mark.parametrize("value", [[], [1], "text", 7, True])
def test_a_row_that_makes_no_sense_ends_without_being_done(
    make_kind: MakeKind, submit: Submit, field: str, value: Any
) -> None:
    done: list[str] = []
    broken = submit(make_kind(lambda work: done.append("broken")))
    behind = submit(make_kind(lambda work: done.append("behind")))
    Operation.objects.filter(pk=broken.pk).update(**{field: value})
    assert _run(broken).error["code"] == "ROW_DAMAGED"
    behind.refresh_from_db()
    assert (behind.state, done) == (State.SUCCEEDED, ["behind"])


def test_a_vanished_worker_of_a_row_that_makes_no_sense_is_swept_like_others(
    make_kind: MakeKind, submit: Submit
) -> None:
    rows = [submit(make_kind(lambda work: {})) for _ in range(2)]
    for _ in rows:
        runner.claim("interactive")
    Operation.objects.filter(pk=rows[0].pk).update(checkpoints=[1], attempts=endings.MAX_ATTEMPTS)
    processes.expire_leases()
    assert runner.sweep("interactive") == 2
    states = dict(Operation.objects.values_list("pk", "state"))
    assert states == {rows[0].pk: State.FAILED, rows[1].pk: State.QUEUED}


@pytest.mark.filterwarnings("default")
@pytest.mark.sqlite
def test_a_row_that_cannot_be_read_keeps_no_other_from_being_done(
    make_kind: MakeKind, submit: Submit
) -> None:
    broken, behind = (submit(make_kind(lambda work: {})) for _ in range(2))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE operations_operation SET subject_id = 'garbage' WHERE id = %s", [broken.pk.hex]
        )
        assert cursor.rowcount == 1
    assert runner.run_due("interactive") == 1
    processes.expire_leases()
    assert runner.sweep("interactive") == 1
    states = dict(Operation.objects.values_list("pk", "state"))
    assert states == {broken.pk: State.FAILED, behind.pk: State.SUCCEEDED}


def test_an_impossible_state_is_nobodys_turn_and_keeps_no_other_from_being_done(
    make_kind: MakeKind, submit: Submit
) -> None:
    odd, behind = (submit(make_kind(lambda work: {})) for _ in range(2))
    Operation.objects.filter(pk=odd.pk).update(state="banana")
    runner.sweep("interactive")
    assert _run(behind).state == State.SUCCEEDED
    odd.refresh_from_db()
    assert odd.state == "banana"


def test_a_row_without_the_gateway_it_needs_is_a_mistake_of_the_panel(
    make_kind: MakeKind, submit: Submit
) -> None:
    operation = submit(make_kind(lambda work: work.client()), gateway=None)
    assert _run(operation).error["code"] == "PANEL_BUG"


def test_a_row_of_an_unknown_queue_waits_for_a_newer_worker_and_then_moves(
    make_kind: MakeKind, submit: Submit
) -> None:
    operation = submit(make_kind(lambda work: {}, queue=DEPLOYS))
    this = Operation.objects.filter(pk=operation.pk)
    this.update(queue="tomorrow")
    runner.sweep("interactive")
    assert this.get().queue == "tomorrow"
    this.update(created_at=timezone.now() - timedelta(minutes=11))
    runner.sweep("interactive")
    assert this.get().queue == DEPLOYS


def test_a_guarded_row_of_an_unknown_kind_keeps_no_other_from_expiring(team: Team) -> None:
    past = timezone.now() - timedelta(hours=1)
    for kind in ("from.the.future", "wallet.raise"):
        OperationFactory.create(team=team, kind=kind, state=State.WAITING, consent_until=past)
    consent.expire()
    assert set(Operation.objects.values_list("state", flat=True)) == {State.CANCELLED}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_process_that_exits_in_a_handler_is_replaced(
    submit: Submit, journal: Path, data: Path
) -> None:
    args = {"journal": str(journal)}
    exits = submit("test.exits", args=args, lane="lane/1")
    behind = submit("test.steps", args={**args, "steps": 1}, lane="lane/1")
    with processes.worker(data, "--beat", "--schedule", str(data / "beat")):
        processes.eventually(lambda: len(doubles.effects(journal)) >= 2, "two processes have exited")
        Operation.objects.filter(pk=exits.pk).update(attempts=endings.MAX_ATTEMPTS - 1)
        processes.eventually(
            lambda: Operation.objects.filter(pk=behind.pk, state=State.SUCCEEDED).exists(), "the one behind"
        )
    exits.refresh_from_db()
    assert (exits.state, exits.error["code"]) == (State.FAILED, "WORKER_LOST")
    assert len({pid for _, word, pid, _ in doubles.effects(journal) if word == "exits"}) >= 3


def test_a_full_disk_costs_an_attempt_and_is_told(make_kind: MakeKind, submit: Submit) -> None:
    operation = _run(submit(make_kind(_raises(OSError(errno.ENOSPC, "No space left on device")))))
    assert (operation.state, operation.attempts) == (State.QUEUED, 1)
    assert "The panel's disk is full. Trying again in" in OperationEvent.objects.get().message


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.server
def test_a_worker_survives_that_the_database_drops_its_connections(
    submit: Submit, journal: Path, data: Path
) -> None:
    args = {"journal": str(journal), "steps": 30, "seconds": 0.1}
    steps = submit("test.steps", args=args)
    with processes.worker(data, "--beat", "--schedule", str(data / "beat")):
        for least in (5, 15):
            _wait_for_steps(journal, least)
            _drop_other_connections()
        processes.eventually(
            lambda: Operation.objects.filter(pk=steps.pk, state=State.SUCCEEDED).exists(),
            "all steps are done",
        )
    words = [word for _, word, *_ in doubles.effects(journal)]
    assert {f"step{number}" for number in range(30)} == set(words)
    assert len(words) <= 32  # the step that was cut off between effect and checkpoint may be there twice


def _wait_for_steps(journal: Path, least: int) -> None:
    processes.eventually(lambda: len(doubles.effects(journal)) >= least, f"{least} steps are done")


def _drop_other_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

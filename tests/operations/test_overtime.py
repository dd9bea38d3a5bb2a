"""An attempt that runs for too long ends truthfully, and does not keep its process."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from operations import endings, registry, runner
from operations.models import FINAL, Operation, OperationEvent, Reason, State
from operations.registry import kinds
from operations.work import Later, LeaseLost, Work
from tests.operations import doubles, processes
from tests.operations.conftest import MakeKind, Submit
from tests.sessions import alive

pytestmark = pytest.mark.django_db(transaction=True)

SHORT = timedelta(seconds=0.5)


def _ended(operation: Operation) -> bool:
    return not Operation.objects.filter(pk=operation.pk, state=State.RUNNING).exists()


def test_every_kind_has_a_limit() -> None:
    assert {kind.limit for kind in kinds if kind.queue == registry.DEPLOYS} == {timedelta(hours=1)}
    assert all(timedelta(0) < kind.limit <= timedelta(hours=1) for kind in kinds)


@pytest.mark.parametrize(
    ("sent", "mutates", "ending"),
    [
        (False, True, (State.FAILED, "", "none")),
        (False, False, (State.FAILED, "", "none")),
        (True, True, (State.WAITING, Reason.REVIEW, "unknown")),
    ],
)
def test_the_row_ends_while_the_handler_still_runs_and_its_late_writes_fail(
    make_kind: MakeKind, submit: Submit, sent: bool, mutates: bool, ending: tuple[str, str, str]
) -> None:
    late: list[str] = []

    def handler(work: Work) -> None:
        if sent:
            work.checkpoint(**{endings.SENT: True})
        processes.eventually(lambda: _ended(work.operation), "the row has ended")
        try:
            work.checkpoint(late=True)
        except LeaseLost:
            late.append("refused")
            raise

    operation = submit(make_kind(handler, time_limit=SHORT, mutates=mutates))
    runner.run_due("interactive")
    operation.refresh_from_db()
    assert (operation.state, operation.reason, operation.error["mutation_state"]) == ending
    assert (operation.error["code"], late) == ("TIME_LIMIT", ["refused"])
    assert (
        operation.error["message"] == "This took longer than 0.5 seconds without a pause, so it was stopped."
    )


def test_a_handler_that_is_done_in_time_is_left_alone(make_kind: MakeKind, submit: Submit) -> None:
    operation = submit(make_kind(lambda work: {}, time_limit=timedelta(seconds=30)))
    runner.run_due("interactive")
    operation.refresh_from_db()
    assert operation.state == State.SUCCEEDED


def test_pausing_for_ever_ends_at_the_deadline(make_kind: MakeKind, submit: Submit) -> None:
    def handler(work: Work) -> None:
        raise Later(0)

    operation = submit(make_kind(handler, deadline=SHORT))
    processes.eventually(lambda: runner.run_due("interactive") == 0 and _over(operation), "the deadline")
    operation.refresh_from_db()
    assert (operation.state, operation.error["code"]) == (State.FAILED, "DEADLINE")


def _over(operation: Operation) -> bool:
    return Operation.objects.filter(pk=operation.pk, state__in=FINAL).exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["sleeps", "loops", "holds"])
def test_a_stuck_handler_frees_its_process_and_its_lane(
    submit: Submit, journal: Path, data: Path, how: str
) -> None:
    """`holds` never gives the interpreter back, so that only the kernel can end it."""
    args = {"journal": str(journal), "how": how}
    stuck = [submit("test.stuck", args=args, lane=f"lane/{n}") for n in range(2)]  # one for each process
    behind = submit("test.steps", lane="lane/0", args={"journal": str(journal), "steps": 1})
    with processes.worker(data, "--beat", "--schedule", str(data / "beat")):
        processes.eventually(lambda: len(doubles.effects(journal)) >= 2, "both processes are stuck")
        first = {int(pid) for _, _, pid, _ in doubles.effects(journal)}
        if how == "holds":  # nobody in these processes can end the rows, so the lease runs out
            processes.eventually(lambda: not first & set(alive(first)), "both processes are gone")
            Operation.objects.filter(state=State.RUNNING).update(attempts=endings.MAX_ATTEMPTS)
            processes.expire_leases()
        processes.eventually(lambda: _over(behind), "what stands behind them has ended")
        processes.eventually(lambda: not first & set(alive(first)), "both processes are gone")
    codes = {row.error["code"] for row in Operation.objects.filter(pk__in=[row.pk for row in stuck])}
    assert codes == {"WORKER_LOST" if how == "holds" else "TIME_LIMIT"}
    behind.refresh_from_db()
    assert behind.state == State.SUCCEEDED
    begun = [word for pk, word, *_ in doubles.effects(journal) if word == "stuck"]
    assert len(begun) == 2  # never done again
    assert OperationEvent.objects.filter(type="failed").count() == 2

"""Workers that vanish: the lease runs out, somebody else goes on, and the one who lost it writes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Event
from operations import claims, endings, heartbeats, recovering, runner
from operations.models import Operation, OperationEvent, OperationRequest, State
from operations.work import LeaseLost, Work
from run402 import Exchange
from teams.models import Team
from tests.factories import OperationFactory
from tests.operations import processes
from tests.operations.conftest import MakeKind, Submit

pytestmark = pytest.mark.django_db


def _claimed(operation: Operation) -> Operation:
    claimed = runner.claim(operation.queue)
    assert claimed is not None
    assert claimed.pk == operation.pk
    return claimed


def _let_the_lease_run_out() -> None:
    Operation.objects.filter(state=State.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1))


def _let_the_pause_pass() -> None:
    Operation.objects.filter(state=State.QUEUED).update(not_before=timezone.now())


def _exchange() -> Exchange:
    return Exchange(
        at=timezone.now().timestamp(),
        method="GET",
        path="/tiers/v1",
        status=200,
        milliseconds=3,
        trace_id="trc_1",
        idempotency_key=None,
        sent_bytes=0,
        received_bytes=9,
    )


def test_a_living_worker_is_left_alone() -> None:
    _claimed(OperationFactory.create())
    assert runner.sweep("interactive") == 0


def test_a_vanished_worker_is_replaced(make_kind: MakeKind, submit: Submit) -> None:
    operation = submit(make_kind(lambda work: {}))
    _claimed(operation)
    _let_the_lease_run_out()
    assert runner.sweep("interactive") == 1
    _let_the_pause_pass()
    assert runner.run_due("interactive") == 1
    operation.refresh_from_db()
    assert (operation.state, operation.attempts, operation.fence) == (State.SUCCEEDED, 2, 2)
    assert list(OperationEvent.objects.values_list("type", flat=True)) == ["requeued", "succeeded"]


def test_a_sweep_of_one_queue_leaves_the_others() -> None:
    _claimed(OperationFactory.create(queue="deploys"))
    _let_the_lease_run_out()
    assert runner.sweep("interactive") == 0
    assert runner.sweep("deploys") == 1


def test_a_sign_of_life_at_the_last_moment_counts() -> None:
    operation = _claimed(OperationFactory.create())
    _let_the_lease_run_out()
    seen_expired = Operation.objects.get(pk=operation.pk)
    Operation.objects.filter(pk=operation.pk).update(lease_until=timezone.now() + claims.LEASE)
    with pytest.raises(LeaseLost):
        recovering.recover(seen_expired)


def test_who_vanishes_again_and_again_fails_and_says_so(make_kind: MakeKind, submit: Submit) -> None:
    heard: list[str] = []
    operation = submit(make_kind(lambda work: {}, on_end=lambda op: heard.append(op.state)))
    for _ in range(endings.MAX_ATTEMPTS):
        _let_the_pause_pass()
        _claimed(operation)
        _let_the_lease_run_out()
        runner.sweep("interactive")
    operation.refresh_from_db()
    assert (operation.state, operation.error["code"]) == (State.FAILED, "WORKER_LOST")
    assert operation.error["mutation_state"] == "none"
    assert heard == [State.FAILED]
    assert Event.objects.order_by("-seq").values_list("action", flat=True)[0] == "operation.failed"


def test_the_loser_of_a_lease_writes_nothing(make_kind: MakeKind, submit: Submit) -> None:
    """The first worker was only asleep: it wakes after the second one has finished, and tries everything."""
    operation = submit(make_kind(lambda work: {"by": "second"}))
    loser = Work(_claimed(operation))
    _let_the_lease_run_out()
    runner.sweep("interactive")
    runner.run_due("interactive")
    before = Operation.objects.values().get(pk=operation.pk)
    loser._on_exchange(_exchange())
    tries: list[Callable[[], object]] = [
        lambda: loser.checkpoint(paid="twice"),
        lambda: loser.event("hello"),
        lambda: loser.phase("pay"),
        lambda: loser.progress(1, 2),
        loser.stop_if_cancelled,
        lambda: runner.write(loser.operation, endings.succeeded({"by": "first"})),
    ]
    for attempt in tries:
        with pytest.raises(LeaseLost):
            attempt()
    assert Operation.objects.values().get(pk=operation.pk) == before
    assert list(OperationEvent.objects.values_list("type", flat=True)) == ["requeued", "succeeded"]
    assert OperationRequest.objects.count() == 0


def test_running_on_without_the_lease_is_no_crash(make_kind: MakeKind, submit: Submit) -> None:
    def handler(work: Work) -> dict[str, str]:
        Operation.objects.filter(pk=work.operation.pk).update(fence=99)  # somebody took over
        return {"by": "first"}

    operation = submit(make_kind(handler))
    assert runner.run_due("interactive") == 1
    operation.refresh_from_db()
    assert (operation.state, operation.result) == (State.RUNNING, {})


def test_saying_something_never_shortens_the_lease(make_kind: MakeKind, submit: Submit) -> None:
    work = Work(_claimed(submit(make_kind(lambda work: {}))))
    prolonged = timezone.now() + timedelta(seconds=19)
    Operation.objects.update(lease_until=prolonged)
    work.event("hello")
    assert Operation.objects.get().lease_until >= prolonged  # type: ignore[operator]


def test_requests_are_listed_with_the_next_step(make_kind: MakeKind, submit: Submit) -> None:
    work = Work(_claimed(submit(make_kind(lambda work: {}))))
    work._on_exchange(_exchange())
    work.checkpoint(plan="plan_1")
    listed = OperationRequest.objects.values_list("method", "path", "status", "trace_id", "received_bytes")
    assert list(listed) == [("GET", "/tiers/v1", 200, "trc_1", 9)]


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_keeps_the_lease(
    make_kind: MakeKind, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "HEARTBEAT_SECONDS", 0.02)
    leases = []

    def handler(work: Work) -> None:
        first = Operation.objects.get().lease_until
        processes.eventually(lambda: Operation.objects.get().lease_until != first, "a beat")
        leases.append(Operation.objects.get().lease_until)

    submit(make_kind(handler))
    runner.run_due("interactive")
    assert len(leases) == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_process_runs_one_after_another_shares_a_thread(
    make_kind: MakeKind, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "_clocks", [])
    threads, before = [], set(threading.enumerate())

    def handler(work: Work) -> None:
        threads.append([each for each in threading.enumerate() if each not in before])

    kind = make_kind(handler)
    for _ in range(3):
        submit(kind)
    runner.run_due("interactive")
    assert [len(found) for found in threads] == [1, 1, 1]
    assert threads[0] == threads[2]


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_that_fails_does_not_stop_the_others(team: Team) -> None:
    operations = OperationFactory.create_batch(2, team=team, state=State.RUNNING)
    called = []

    def mistake() -> None:
        called.append("mistake")
        raise ValueError

    with (
        heartbeats.Heartbeat(operations[0], timedelta(0), mistake),
        heartbeats.Heartbeat(operations[1], timedelta(seconds=0.05), lambda: called.append("second")),
    ):
        processes.eventually(lambda: len(called) == 2, "both limits")
    assert sorted(called) == ["mistake", "second"]

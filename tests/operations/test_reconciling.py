"""A change whose answer was lost is looked for first; nothing is repeated while nobody knows what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from operations import decisions, queue, runner
from operations.endings import SENT
from operations.models import Operation, OperationEvent, Reason, State
from operations.pauses import LOOK_SECONDS
from operations.reconciling import MOST_DOUBTS, Outcome, did_not_happen, happened, resumes, still_unknown
from operations.work import Later, Work
from run402.errors import ApiError, NetworkError
from teams.models import User
from tests.operations.conftest import MakeKind, Submit

pytestmark = pytest.mark.django_db


def _run(operation: Operation) -> Operation:
    """Run one attempt, whatever pause it is in."""
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    claimed = runner.claim("interactive")
    assert claimed is not None
    runner.run(claimed)
    operation.refresh_from_db()
    return operation


def _lost() -> NetworkError:
    return NetworkError("The answer was lost.", retryable=True).after("POST")


class Effect:
    """A handler that does something, loses the answer, and has what was done read by `reconcile`."""

    def __init__(
        self, *finds: Outcome | Exception, error: Callable[[], Exception] = _lost, losses: int = 1
    ) -> None:
        self.done = self.looks = 0
        self._finds, self._error, self._losses = list(finds), error, losses

    def handler(self, work: Work) -> dict[str, int]:
        self.done += 1
        if self.done <= self._losses:
            work.checkpoint(**{SENT: True})
            raise self._error()
        return {"done": self.done}

    def reconcile(self, work: Work) -> Outcome:
        self.looks += 1
        found = self._finds.pop(0) if len(self._finds) > 1 else self._finds[0]
        if isinstance(found, Exception):
            raise found
        return found


def _begun(effect: Effect, make_kind: MakeKind, submit: Submit, **options: Any) -> Operation:
    operation = _run(submit(make_kind(effect.handler, reconcile=effect.reconcile, **options)))
    assert (operation.state, operation.checkpoints["reconciling"]["looks"]) == (State.QUEUED, 0)
    return operation


def test_what_had_happened_succeeds_without_being_done_again(make_kind: MakeKind, submit: Submit) -> None:
    effect = Effect(happened({"id": "prj_1"}))
    operation = _run(_begun(effect, make_kind, submit))
    assert (operation.state, operation.result, operation.error) == (State.SUCCEEDED, {"id": "prj_1"}, {})
    assert (effect.done, effect.looks) == (1, 1)


def test_what_had_not_happened_is_done(make_kind: MakeKind, submit: Submit) -> None:
    effect = Effect(did_not_happen())
    operation = _run(_begun(effect, make_kind, submit))
    assert (operation.state, operation.checkpoints["reconciling"]) == (State.QUEUED, None)
    assert (_run(operation).state, effect.done) == (State.SUCCEEDED, 2)


def test_what_had_not_happened_and_would_not_work_has_failed_without_a_trace(
    make_kind: MakeKind, submit: Submit
) -> None:
    def error() -> ApiError:
        return ApiError("It broke.", code="BROKEN", status=500, mutation_state="unknown")

    operation = _run(_begun(Effect(did_not_happen(), error=error), make_kind, submit))
    assert (operation.state, operation.error["code"]) == (State.FAILED, "BROKEN")
    assert (operation.error["mutation_state"], operation.error["message"]) == (
        "none",
        "It broke. Run402 shows that nothing of it happened.",
    )


def test_what_came_half_way_goes_on_at_the_handler(make_kind: MakeKind, submit: Submit) -> None:
    effect = Effect(resumes())
    operation = _run(_begun(effect, make_kind, submit))
    assert operation.state == State.QUEUED
    assert (_run(operation).result, effect.looks) == ({"done": 2}, 1)


def test_what_nobody_can_tell_waits_for_a_person_and_is_not_done_again(
    make_kind: MakeKind, submit: Submit
) -> None:
    effect = Effect(still_unknown("Run402 does not list it yet."))
    told: list[str] = []
    operation = _begun(effect, make_kind, submit, on_review=lambda row: told.append(row.state))
    for _ in LOOK_SECONDS[1:]:
        assert _run(operation).state == State.QUEUED
    operation = _run(operation)
    assert (operation.state, operation.reason) == (State.WAITING, Reason.REVIEW)
    assert (operation.error["code"], operation.error["mutation_state"]) == ("NETWORK_ERROR", "unknown")
    assert decisions.why_not_retried(operation) == (
        "Nobody knows whether it happened: doing it again could do it twice."
    )
    assert OperationEvent.objects.order_by("-seq")[0].message == (
        "Run402 does not list it yet. Nobody knows whether it happened: doing it again could do it twice. "
        "Somebody has to look what became of it."
    )
    assert (effect.done, effect.looks, told) == (1, len(LOOK_SECONDS), [State.WAITING])


def test_what_looking_will_never_tell_waits_at_once(make_kind: MakeKind, submit: Submit) -> None:
    effect = Effect(still_unknown("Its keys were lost.", final=True))
    operation = _run(_begun(effect, make_kind, submit))
    assert (operation.state, operation.reason, effect.looks) == (State.WAITING, Reason.REVIEW, 1)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("trouble", [ZeroDivisionError(), NetworkError("Down.", retryable=True).after("GET")])
def test_a_look_that_fails_is_looked_again(make_kind: MakeKind, submit: Submit, trouble: Exception) -> None:
    effect = Effect(trouble, trouble, happened())
    operation = _begun(effect, make_kind, submit)
    for _ in range(2):
        assert _run(operation).state == State.QUEUED
    assert (_run(operation).state, effect.done) == (State.SUCCEEDED, 1)


def test_a_look_may_choose_its_own_time(make_kind: MakeKind, submit: Submit) -> None:
    effect = Effect(Later(600), happened())
    before = timezone.now()
    operation = _run(_begun(effect, make_kind, submit))
    assert operation.not_before - before >= timedelta(seconds=600)
    assert _run(operation).state == State.SUCCEEDED


def test_doubt_that_arises_again_and_again_ends_with_a_person(make_kind: MakeKind, submit: Submit) -> None:
    effect = Effect(resumes(), losses=99)
    operation = _begun(effect, make_kind, submit)
    for _ in range(2 * MOST_DOUBTS):
        operation = _run(operation)
    assert (operation.state, operation.reason) == (State.WAITING, Reason.REVIEW)
    assert effect.done == MOST_DOUBTS + 1


def test_a_kind_that_cannot_look_hands_over_at_once(make_kind: MakeKind, submit: Submit) -> None:
    effect = Effect(happened())
    operation = _run(submit(make_kind(effect.handler)))
    assert (operation.state, operation.reason, effect.done) == (State.WAITING, Reason.REVIEW, 1)


def test_what_the_gateway_vouches_for_is_repeated_where_nobody_can_look(
    make_kind: MakeKind, submit: Submit
) -> None:
    def error() -> ApiError:
        fields = {"retryable": True, "safe_to_retry": True, "mutation_state": "unknown"}
        return ApiError("Busy.", status=503, **fields)  # type: ignore[arg-type]  # flags of the envelope

    effect = Effect(happened(), error=error)
    operation = _run(submit(make_kind(effect.handler)))
    assert operation.state == State.QUEUED
    assert (_run(operation).state, effect.done) == (State.SUCCEEDED, 2)


@pytest.mark.filterwarnings("default")
def test_a_bug_after_something_was_sent_is_looked_into(make_kind: MakeKind, submit: Submit) -> None:
    effect = Effect(happened(), error=ZeroDivisionError)
    assert _run(_begun(effect, make_kind, submit)).state == State.SUCCEEDED


def test_resume_goes_on_at_the_handler_and_inspect_looks_again(
    make_kind: MakeKind, submit: Submit, alice: User
) -> None:
    effect = Effect(still_unknown(final=True))
    operation = _run(_begun(effect, make_kind, submit))
    queue.decide(operation, actor=alice, checkpoints=decisions.inspecting(operation), message="Look again.")
    operation = _run(operation)
    assert (operation.state, effect.looks, effect.done) == (State.WAITING, 2, 1)
    queue.decide(operation, actor=alice, checkpoints=decisions.resuming(), message="Go on.")
    assert (_run(operation).state, effect.looks, effect.done) == (State.SUCCEEDED, 2, 2)


def test_cancelling_does_not_end_the_doubt(make_kind: MakeKind, submit: Submit, alice: User) -> None:
    effect = Effect(happened({"id": 1}))
    operation = _begun(effect, make_kind, submit)
    queue.cancel(operation, actor=alice)
    assert (_run(operation).state, operation.result) == (State.SUCCEEDED, {"id": 1})

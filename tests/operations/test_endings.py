"""Whatever a handler returns or raises, the row tells the truth about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone

from audit.models import Event
from core.errors import NextStep, Refusal
from operations import pauses, runner
from operations.models import Operation, OperationEvent, Reason, State
from operations.work import Later, Wait, Work
from run402.errors import ApiError, RateLimited
from teams.models import Membership, User
from tests.factories import OperationFactory
from tests.operations.conftest import MakeKind, Submit

pytestmark = pytest.mark.django_db

PAST_THE_LAST_ATTEMPT = 5


def _run(operation: Operation) -> Operation:
    """Run it once, whatever pause it is in."""
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    assert runner.run_due("interactive") == 1
    operation.refresh_from_db()
    return operation


def _messages(operation: Operation) -> list[tuple[str, str]]:
    return list(OperationEvent.objects.filter(operation=operation).values_list("type", "message"))


def _audit() -> list[str]:
    return list(Event.objects.order_by("seq").values_list("action", flat=True))


def _raises(error: Exception) -> Any:
    def handler(work: Work) -> None:
        raise error

    return handler


def _answer(**fields: Any) -> ApiError:
    return ApiError("The gateway says no.", **{"code": "NO", "status": 500, "trace_id": "trc_1", **fields})


def test_a_result_is_kept(make_kind: MakeKind, submit: Submit) -> None:
    operation = _run(submit(make_kind(lambda work: {"address": "0x1"})))
    assert (operation.state, operation.result, operation.error) == (State.SUCCEEDED, {"address": "0x1"}, {})
    assert operation.finished_at is not None
    assert operation.lease_until is None
    assert _messages(operation) == [("succeeded", "Done")]
    assert _audit() == ["operation.requested", "operation.succeeded"]


def test_kinds_that_are_not_audited_leave_no_trace(make_kind: MakeKind, submit: Submit) -> None:
    _run(submit(make_kind(lambda work: {}, audited=False)))
    assert _audit() == []


def test_a_refusal_fails_with_its_sentence_and_next_step(make_kind: MakeKind, submit: Submit) -> None:
    step = NextStep("fund", "Fill the wallet", "/wallets/")
    operation = _run(submit(make_kind(_raises(Refusal("EMPTY", "The wallet is empty.", next_steps=[step])))))
    assert operation.state == State.FAILED
    assert operation.error["code"] == "EMPTY"
    assert operation.error["mutation_state"] == "none"
    assert operation.error["next_actions"] == [
        {"type": "fund", "label": "Fill the wallet", "url": "/wallets/"}
    ]
    assert _messages(operation) == [("failed", "The wallet is empty.")]
    assert _audit() == ["operation.requested", "operation.refused"]


def test_an_api_error_is_kept_whole(make_kind: MakeKind, submit: Submit) -> None:
    error = _answer(mutation_state="rolled_back", hint="Look at line 4.", details={"line": 4})
    operation = _run(submit(make_kind(_raises(error))))
    kept = {
        key: operation.error[key]
        for key in ("code", "message", "source", "hint", "mutation_state", "trace_id")
    }
    assert kept == {
        "code": "NO",
        "message": "The gateway says no.",
        "source": "run402",
        "hint": "Look at line 4.",
        "mutation_state": "rolled_back",
        "trace_id": "trc_1",
    }
    assert (operation.error["status"], operation.error["details"]) == (500, {"line": 4})


@pytest.mark.parametrize(
    ("retryable", "safe_to_retry", "mutates", "state"),
    [
        (True, True, True, State.QUEUED),
        (True, False, True, State.FAILED),
        (True, False, False, State.QUEUED),
        (False, True, True, State.FAILED),
        (False, True, False, State.FAILED),
    ],
)
def test_only_what_is_safe_is_repeated(
    make_kind: MakeKind, submit: Submit, retryable: bool, safe_to_retry: bool, mutates: bool, state: State
) -> None:
    error = _answer(retryable=retryable, safe_to_retry=safe_to_retry)
    operation = _run(submit(make_kind(_raises(error), mutates=mutates)))
    assert operation.state == state


class Middle:
    """Chance that always takes the middle."""

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


def test_repeats_pause_longer_each_time_and_end(
    make_kind: MakeKind, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "chance", Middle())
    operation = submit(make_kind(_raises(_answer(retryable=True, safe_to_retry=True))))
    seen = []
    for _ in range(4):
        before = timezone.now()
        operation = _run(operation)
        seen.append(round((operation.not_before - before).total_seconds()))
    assert seen == [1, 3, 10, 30]
    assert _run(operation).state == State.FAILED
    assert operation.attempts == PAST_THE_LAST_ATTEMPT


def test_a_gateway_that_asks_for_a_longer_pause_gets_it(make_kind: MakeKind, submit: Submit) -> None:
    error = RateLimited("Slow down.", retryable=True, safe_to_retry=True, status=429, retry_after=40)
    before = timezone.now()
    operation = _run(submit(make_kind(_raises(error))))
    assert operation.not_before - before >= timedelta(seconds=40)


def test_later_keeps_checkpoints_and_forgets_attempts(make_kind: MakeKind, submit: Submit) -> None:
    def handler(work: Work) -> dict[str, int]:
        looked = work.checkpoints.get("looked", 0) + 1
        work.checkpoint(looked=looked)
        if looked < 8:  # more often than failures would be allowed
            raise Later(30, "stage")
        return {"looked": looked}

    operation = _run(submit(make_kind(handler)))
    assert (operation.state, operation.phase, operation.attempts) == (State.QUEUED, "stage", 0)
    assert operation.has_started
    for _ in range(7):
        operation = _run(operation)
    assert (operation.state, operation.result) == (State.SUCCEEDED, {"looked": 8})


def test_waiting_says_for_whom(make_kind: MakeKind, submit: Submit) -> None:
    operation = _run(submit(make_kind(_raises(Wait(Reason.CONFIRMATION, "Three warnings.")))))
    assert (operation.state, operation.reason) == (State.WAITING, Reason.CONFIRMATION)
    assert _messages(operation) == [("waiting", "Three warnings.")]
    assert operation.finished_at is None


@pytest.mark.filterwarnings("default")
def test_a_bug_ends_the_operation_without_its_text(make_kind: MakeKind, submit: Submit) -> None:
    operation = _run(submit(make_kind(_raises(ZeroDivisionError("secret 0xabc")))))
    assert (operation.state, operation.error["code"]) == (State.FAILED, "PANEL_BUG")
    assert operation.error["details"] == {"exception": "ZeroDivisionError"}
    assert operation.error["mutation_state"] == "none"
    assert "secret" not in str(operation.error) + str(_messages(operation))


def test_a_database_that_does_not_answer_costs_an_attempt(make_kind: MakeKind, submit: Submit) -> None:
    operation = _run(submit(make_kind(_raises(OperationalError("database is locked")))))
    assert (operation.state, operation.attempts) == (State.QUEUED, 1)


def test_a_kind_that_this_version_does_not_have_waits_for_a_newer_worker_and_then_fails(team: Any) -> None:
    operation = _run(_run(OperationFactory.create(team=team, kind="from.the.future")))
    assert (operation.state, operation.attempts) == (State.QUEUED, 0)
    said = "This worker does not know how to do “from.the.future”. It waits for a newer worker."
    assert _messages(operation) == [("unknown_kind", said)]
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        operation = _run(operation)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "UNKNOWN_KIND")


def test_a_person_who_lost_the_right_meanwhile_gets_nothing_done(
    make_kind: MakeKind, submit: Submit, alice: User
) -> None:
    done: list[str] = []
    operation = submit(make_kind(lambda work: done.append("done")))
    Membership.objects.filter(user=alice).update(role="viewer")
    assert _run(operation).error["code"] == "NOT_ALLOWED"
    assert done == []


def test_a_person_who_was_blocked_meanwhile_gets_nothing_done(
    make_kind: MakeKind, submit: Submit, alice: User
) -> None:
    operation = submit(make_kind(lambda work: {}))
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert _run(operation).error["code"] == "NOT_ALLOWED"


def test_the_room_hears_of_a_bad_end_only(make_kind: MakeKind, submit: Submit) -> None:
    heard: list[str] = []
    options = {"on_end": lambda operation: heard.append(operation.state)}
    _run(submit(make_kind(lambda work: {}, **options)))
    _run(submit(make_kind(_raises(Refusal("NO", "No.")), **options)))
    assert heard == [State.FAILED]


def test_a_room_that_cannot_bear_the_news_does_not_keep_the_row_running(
    make_kind: MakeKind, submit: Submit
) -> None:
    def on_end(operation: Operation) -> None:
        raise ZeroDivisionError

    operation = _run(submit(make_kind(_raises(Refusal("NO", "No.")), on_end=on_end)))
    assert operation.state == State.FAILED


def test_events_are_numbered_from_one(make_kind: MakeKind, submit: Submit) -> None:
    def handler(work: Work) -> None:
        work.phase("upload", done=1, total=2)
        work.event("hello")
        work.phase("upload", done=2, total=2)

    operation = _run(submit(make_kind(handler)))
    numbered = list(OperationEvent.objects.order_by("seq").values_list("seq", "type", "phase", "message"))
    assert numbered == [
        (1, "phase", "upload", "Uploading"),
        (2, "log", "upload", "hello"),
        (3, "succeeded", "upload", "Done"),
    ]
    assert (operation.done, operation.total) == (2, 2)

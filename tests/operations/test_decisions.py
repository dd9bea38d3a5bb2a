"""The table of what follows an error: every combination, and the one sentence why nothing is repeated."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from operations.decisions import Next, after, can_inspect, why_not_retried, without_knowing
from operations.models import Operation, Reason, State
from operations.reconciling import still_unknown
from tests.operations.conftest import MakeKind

pytestmark = pytest.mark.django_db

CLEAN = ("", "none", "not_started", "rolled_back")
DOUBTFUL = ("unknown", "partial", "committed", "a word of tomorrow")


def _error(retryable: bool, safe: bool, state: str, source: str = "run402") -> dict[str, Any]:
    return {
        "code": "NO",
        "source": source,
        "retryable": retryable,
        "safe_to_retry": safe,
        "mutation_state": state,
    }


@pytest.mark.parametrize("state", CLEAN + DOUBTFUL)
@pytest.mark.parametrize("safe", [True, False])
@pytest.mark.parametrize("retryable", [True, False])
def test_a_reading_is_repeated_whenever_it_may_work_later(retryable: bool, safe: bool, state: str) -> None:
    expected = Next.RETRY if retryable else Next.FAIL
    assert after(_error(retryable, safe, state), mutates=False) is expected


@pytest.mark.parametrize(
    ("retryable", "safe", "clean", "doubtful", "unreadable"),
    [
        (True, True, Next.RETRY, Next.RECONCILE, Next.RETRY),
        (True, False, Next.FAIL, Next.RECONCILE, Next.REVIEW),
        (False, True, Next.FAIL, Next.RECONCILE, Next.REVIEW),
        (False, False, Next.FAIL, Next.RECONCILE, Next.REVIEW),
    ],
)
def test_a_change_is_repeated_only_when_nothing_happened_and_the_gateway_vouches_for_it(
    retryable: bool, safe: bool, clean: Next, doubtful: Next, unreadable: Next
) -> None:
    errors = {state: _error(retryable, safe, state) for state in CLEAN + DOUBTFUL}
    found = {state: after(error, mutates=True) for state, error in errors.items()}
    assert found == {**dict.fromkeys(CLEAN, clean), **dict.fromkeys(DOUBTFUL, doubtful)}
    assert {without_knowing(errors[state]) for state in DOUBTFUL} == {unreadable}


NOT_KNOWN = "Nobody knows whether it happened: doing it again could do it twice."
PARTLY = "A part of it happened: doing all of it again could do that part twice."
DONE = "It happened at Run402 before the error came: doing it again would do it twice."
LATER = "Run402 says that it may work later, but not that repeating it by itself is safe."
SAME = "Run402 says that the same request would get the same answer."
ENOUGH = "It was tried as often as is reasonable, and each time this was the answer."
REFUSED = "Trying again would be refused for the same reason, until that has changed."


@pytest.mark.parametrize(
    ("mutates", "error", "sentence"),
    [
        (True, _error(True, True, "unknown"), NOT_KNOWN),
        (True, _error(False, False, "a word of tomorrow"), NOT_KNOWN),
        (True, _error(True, False, "partial"), PARTLY),
        (True, _error(False, False, "committed"), DONE),
        (True, _error(True, False, "none"), LATER),
        (True, _error(False, True, "none"), SAME),
        (True, _error(True, True, "none"), ENOUGH),
        (False, _error(True, False, "unknown"), ENOUGH),
        (False, _error(False, True, "unknown"), SAME),
        (True, _error(False, True, "none", "panel"), REFUSED),
        (
            True,
            {**_error(False, False, "none", "panel"), "code": "PANEL_BUG"},
            "A mistake in the panel does not go away by trying again.",
        ),
    ],
)
def test_the_page_says_in_one_sentence_why_it_is_not_repeated(
    make_kind: MakeKind, mutates: bool, error: dict[str, Any], sentence: str
) -> None:
    kind = make_kind(lambda work: {}, mutates=mutates)
    assert why_not_retried(Operation(kind=kind, state=State.FAILED, error=error)) == sentence


def test_every_combination_that_rests_has_a_sentence(make_kind: MakeKind) -> None:
    names = [make_kind(lambda work: {}, mutates=mutates) for mutates in (True, False)]
    combinations = itertools.product(
        names, (True, False), (True, False), CLEAN + DOUBTFUL, ("panel", "run402")
    )
    for name, retryable, safe, state, source in combinations:
        operation = Operation(kind=name, state=State.FAILED, error=_error(retryable, safe, state, source))
        assert why_not_retried(operation)


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.SUCCEEDED, State.CANCELLED])
def test_what_goes_on_or_went_well_needs_no_sentence(make_kind: MakeKind, state: State) -> None:
    operation = Operation(kind=make_kind(lambda work: {}), state=state, error=_error(True, True, "none"))
    assert why_not_retried(operation) == ""


def test_only_what_waits_for_review_and_can_be_read_is_inspected(make_kind: MakeKind) -> None:
    blind, seeing = (
        make_kind(lambda work: {}),
        make_kind(lambda work: {}, reconcile=lambda work: still_unknown()),
    )
    review = {"state": State.WAITING, "reason": Reason.REVIEW}
    assert [
        can_inspect(Operation(kind=blind, **review)),
        can_inspect(Operation(kind=seeing, **review)),
        can_inspect(Operation(kind=seeing, state=State.WAITING, reason=Reason.FUNDS)),
        can_inspect(Operation(kind=seeing, state=State.FAILED)),
        can_inspect(Operation(kind="of.yesterday", **review)),
    ] == [False, True, False, False, False]

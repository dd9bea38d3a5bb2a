"""Looking what became of a change whose answer was lost, before anything is repeated.

    failed in doubt ──▶ look, pause, look … ──▶ happened: succeeded
                                            ├─▶ resumes: the handler goes on
                                            ├─▶ did not happen: repeated, or failed without a trace
                                            └─▶ still unknown: waiting for review

A kind registers `reconcile`: it reads, changes nothing, and returns an Outcome. It may raise Later to look again at a
time of its own. Looks are attempts like others: leased, fenced, limited in time.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Fault
from operations import decisions, endings, pauses
from operations.decisions import DOUBTS, RECONCILING, Next
from operations.endings import Ending
from operations.models import Operation, Reason, State
from operations.registry import Kind, kinds
from operations.work import Work

#: So often doubt may arise about one operation; then a person has to find out.
MOST_DOUBTS = 5


class Found(enum.StrEnum):
    """What a reading shows."""

    HAPPENED = "happened"
    RESUMES = "resumes"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """What `reconcile` found. `why` is a sentence for the page, `result` what a success leaves.

    `final`: looking again will not tell more.
    """

    found: Found
    why: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    final: bool = False


def happened(result: Mapping[str, Any] | None = None, why: str = "") -> Outcome:
    """All of it happened: the operation has succeeded with this result."""
    return Outcome(Found.HAPPENED, why, dict(result or {}))


def resumes(why: str = "") -> Outcome:
    """The handler can go on from what the reading showed; its checkpoints keep it from doing a step again."""
    return Outcome(Found.RESUMES, why)


def did_not_happen(why: str = "") -> Outcome:
    """Nothing of it happened: it is repeated if its error allows that, and otherwise it has failed without a trace."""
    return Outcome(Found.NOTHING, why)


def still_unknown(why: str = "", *, final: bool = False) -> Outcome:
    """The reading does not tell. `final`: looking again will not tell more, a person has to."""
    return Outcome(Found.UNKNOWN, why, final=final)


def looks(work: Work) -> int:
    """Return how often it was looked before this time."""
    return int((work.checkpoints.get(RECONCILING) or {}).get("looks") or 0)


# --- The engine's side ---


def is_looking(checkpoints: Mapping[str, Any]) -> bool:
    """Say whether the next attempt looks, instead of doing."""
    return bool(checkpoints.get(RECONCILING))


def look(work: Work, kind: Kind) -> Ending:
    """Look once, and return how the operation goes on."""
    outcome = kind.reconcile(work) if kind.reconcile else still_unknown(final=True)
    doubt, done = work.checkpoints[RECONCILING], {**work.checkpoints, RECONCILING: None}
    match outcome.found:
        case Found.HAPPENED:
            said = outcome.why or _("It had happened: Run402 shows it.")
            ending = endings.succeeded(dict(outcome.result), kind.result_for, said, sent=True)
        case Found.RESUMES:
            said = outcome.why or _("Run402 shows how far it came; it goes on from there.")
            ending = _paused(0, ("reconciled", said))
        case Found.NOTHING:
            ending = _without_a_trace(work.operation, doubt, outcome.why)
        case Found.UNKNOWN:
            return _look_again(work.operation, work.checkpoints, outcome.why, final=outcome.final)
    return _with(ending, done)


def _without_a_trace(operation: Operation, doubt: Mapping[str, Any], why: str) -> Ending:
    """Nothing happened, so doing it is safe now: repeat what may work, else it has failed and changed nothing."""
    fault = replace(_fault(doubt["error"]), mutation_state="none")
    said = why or _("Run402 shows that nothing of it happened.")
    fault = replace(fault, message=f"{fault.message} {said}")
    if not fault.retryable:
        return endings.failed(fault)
    operation.attempts = int(doubt.get("attempts") or 1)
    ending = endings.again_or_failed(operation, fault)
    return replace(ending, fields={**ending.fields, "attempts": operation.attempts})


def instead(operation: Operation, checkpoints: Mapping[str, Any], ending: Ending) -> Ending:
    """Return what takes the place of a bad end while something may have happened that nobody has seen."""
    checkpoints = ending.fields.get("checkpoints", checkpoints)
    if is_looking(checkpoints):
        # That looking failed, or was not allowed, says nothing about what is looked for.
        bad = ending.state in (State.FAILED, State.CANCELLED)
        return _look_again(operation, checkpoints, _said(ending)) if bad else ending
    if ending.state != State.FAILED or ending.refusal:
        return ending
    error = ending.fields["error"]
    known = kinds.get(operation.kind) if operation.kind in kinds else None
    if not decisions.in_doubt(error, mutates=known is None or known.mutates):
        return ending
    doubts = int(checkpoints.get(DOUBTS) or 0) + 1
    if known is None or known.reconcile is None or doubts > MOST_DOUBTS:
        return _unreadable(operation, checkpoints, error)
    return _begin(operation, {**checkpoints, DOUBTS: doubts}, error)


def _said(ending: Ending) -> str:
    return ending.event[1] if ending.event else ""


def _begin(operation: Operation, checkpoints: Mapping[str, Any], error: Mapping[str, Any]) -> Ending:
    """Look first what became of it."""
    doubt = {"error": dict(error), "looks": 0, "attempts": operation.attempts}
    kept = {**checkpoints, RECONCILING: doubt}
    said = _("%(why)s The panel looks at Run402 what became of it, before anything is repeated.")
    ending = _paused(pauses.before_look(0) or 0, ("reconcile", said % {"why": error["message"]}))
    return _with(ending, kept)


def _look_again(
    operation: Operation, checkpoints: Mapping[str, Any], why: str, *, final: bool = False
) -> Ending:
    doubt = checkpoints[RECONCILING]
    looks = int(doubt.get("looks") or 0) + 1
    pause = None if final else pauses.before_look(looks)
    if pause is None:
        return _unreadable(operation, {**checkpoints, RECONCILING: None}, doubt["error"], why)
    said = why or _("Run402 does not tell yet what became of it.")
    kept = {**checkpoints, RECONCILING: {**doubt, "looks": looks}}
    return _with(_paused(pause, ("reconcile", said)), kept)


def _unreadable(
    operation: Operation, checkpoints: Mapping[str, Any], error: Mapping[str, Any], why: str = ""
) -> Ending:
    """Repeat what the gateway vouches for, a few times; everything else waits for a person."""
    if decisions.without_knowing(error) is Next.RETRY and int(checkpoints.get(DOUBTS) or 0) < MOST_DOUBTS:
        again = endings.again_or_failed(operation, _fault(error))
        if again.state == State.QUEUED:
            return _with(again, dict(checkpoints))
    words = [why or str(error["message"]), decisions.reason(error, mutates=True)]
    said = " ".join([*words, _("Somebody has to look what became of it.")])
    fields = {"reason": Reason.REVIEW, "error": dict(error)}
    return _with(Ending(State.WAITING, fields, ("waiting", said)), dict(checkpoints))


def _paused(seconds: float, event: tuple[str, str]) -> Ending:
    later = timezone.now() + timedelta(seconds=seconds)
    return Ending(State.QUEUED, {"attempts": 0, "not_before": later}, event)


def _with(ending: Ending, checkpoints: dict[str, Any]) -> Ending:
    return replace(ending, fields={**ending.fields, "checkpoints": checkpoints})


def _fault(error: Mapping[str, Any]) -> Fault:
    """Return a stored error as a value."""
    return Fault(**{**error, "next_actions": tuple(error.get("next_actions") or ())})

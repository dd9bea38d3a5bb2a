"""How an attempt ends: whatever the handler returned or raised, as the fields it leaves on the row."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Fault
from core.outages import Outage
from operations import decisions, pauses
from operations.models import Operation, Reason, State
from operations.registry import Kind
from run402.errors import Run402Error

log = structlog.get_logger(__name__)

#: So many attempts may lose their worker; afterwards it has failed.
MAX_ATTEMPTS = 5
#: The largest result that a row keeps. What is larger belongs into `operations.results`.
MOST_RESULT_BYTES = 256 * 1024
#: The type of the event that says why it waits for the gateway.
HELD = "held"
#: The checkpoint that says that a request which may change something has left, or was about to.
SENT = "sent"
#: The checkpoint that says since when a handler has been pausing, and since when no worker knew the kind.
PAUSING, UNKNOWN_SINCE = "pausing_since", "unknown_since"
#: A row of a kind that this worker does not know waits so long for a newer worker, and is looked at so often.
NEWER_WORKER_WITHIN = timedelta(minutes=10)
NEWER_WORKER_SECONDS = 20.0


@dataclass(frozen=True)
class Ending:
    """The state an attempt leaves, other `fields` of the row, and an event as (type, message).

    `refusal` is the code under which the panel itself decided not to do it.
    """

    state: State
    fields: Mapping[str, Any] = field(default_factory=dict)
    event: tuple[str, str] | None = None
    refusal: str = ""


# --- It went well, or goes on ---


def succeeded(
    result: object, kept: timedelta | None = None, message: str = "", *, sent: bool = False
) -> Ending:
    """The handler returned. Its result stays, or is emptied after a while; nonsense is our mistake."""
    problem = _problem_of(result)
    if problem:
        log.error("result_unusable", problem=problem)
        return failed(_unusable(problem, sent=sent))
    until = timezone.now() + kept if kept else None
    fields = {"result": result or {}, "result_until": until, "error": {}}
    return Ending(State.SUCCEEDED, fields, ("succeeded", message or _("Done")))


def _problem_of(result: object) -> str:
    """Return what keeps a result from being stored; empty when nothing does."""
    if result is None:
        return ""
    if not isinstance(result, dict):
        return "not a mapping"
    try:
        size = len(json.dumps(result, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return "not JSON"
    return "too large" if size > MOST_RESULT_BYTES else ""


def _unusable(problem: str, *, sent: bool) -> Fault:
    return Fault(
        code="BAD_RESULT",
        message=_(
            "The work was done, but the panel could not keep its result. That is a mistake in the panel."
        ),
        safe_to_retry=False,
        mutation_state="committed" if sent else "none",
        details={"problem": problem},
    )


def paused(kind: Kind, checkpoints: Mapping[str, Any], seconds: float, phase: str) -> Ending:
    """The handler goes on later. A planned pause is no failed attempt; pausing beyond the kind's deadline is."""
    since = checkpoints.get(PAUSING) or timezone.now().timestamp()
    if kind.deadline and timezone.now().timestamp() - float(since) > kind.deadline.total_seconds():
        return failed(_too_long(kind.deadline, sent=SENT in checkpoints))
    kept = {**checkpoints, PAUSING: since}
    fields = {"phase": phase, "not_before": _in(seconds), "attempts": 0, "checkpoints": kept}
    return Ending(State.QUEUED, fields)


def held(operation: Operation, seconds: float, message: str, *, begun: bool) -> Ending:
    """The gateway cannot be asked now. That is no attempt; what was never begun is not shown as running."""
    fields: dict[str, Any] = {"not_before": _in(seconds), "attempts": max(operation.attempts - 1, 0)}
    events = operation.events.order_by("-seq")
    if not begun and not events.exclude(type=HELD).exists():
        fields["started_at"] = None
    return Ending(State.QUEUED, fields, _unless_said(operation, (HELD, message)))


def waiting(reason: Reason, message: str) -> Ending:
    """A person, or money, has to act first."""
    return Ending(State.WAITING, {"reason": reason}, ("waiting", message))


def cancelled(message: str = "") -> Ending:
    """The handler stopped because somebody asked it to, or because nobody waits for it and it cannot be done now."""
    return Ending(State.CANCELLED, event=("cancelled", message or _("Cancelled")))


# --- It did not ---


def failed(fault: Fault) -> Ending:
    """It did not work, for this reason."""
    return Ending(State.FAILED, {"error": fault.as_dict()}, ("failed", fault.message))


def refused(fault: Fault) -> Ending:
    """The panel decided not to do it; nothing happened."""
    return dataclasses.replace(failed(fault), refusal=fault.code)


def answered(operation: Operation, kind: Kind, error: Run402Error) -> Ending:
    """Run402 said no: repeat where it is safe, else fail with the whole canonical error (contract: identity 1.7)."""
    fault = fault_of(error)
    if decisions.after(fault.as_dict(), mutates=kind.mutates) is decisions.Next.RETRY:
        return again_or_failed(operation, fault, asked=error.retry_after)
    return failed(fault)


OUTAGES = {
    Outage.DATABASE: ("DATABASE_BUSY", gettext_lazy("The panel's database did not answer in time.")),
    Outage.DISK: ("DISK_FULL", gettext_lazy("The panel's disk is full.")),
}


def interrupted(operation: Operation, outage: Outage, *, sent: bool) -> Ending:
    """The panel's database or disk failed. Checkpoints make another attempt right, as after a crash."""
    code, message = OUTAGES[outage]
    fault = Fault(code, str(message), retryable=True, safe_to_retry=not sent, mutation_state=doubt(sent=sent))
    return again_or_failed(operation, fault)


def again_or_failed(operation: Operation, fault: Fault, *, asked: float | None = None) -> Ending:
    """Put it back in line after a pause that grows with the attempts; fail when there were enough."""
    pause = pauses.before_retry(operation.attempts, asked=asked)
    if pause is None:
        return failed(fault)
    said = _("%(why)s Trying again in %(s)s s.") % {"why": fault.message, "s": f"{max(pause, 1):.0f}"}
    return Ending(State.QUEUED, {"not_before": _in(pause)}, ("retry", said))


def crashed(error: Exception, *, sent: bool) -> Ending:
    """The handler has a bug. Whether it changed something at Run402 is not known once it sent something."""
    fault = Fault(
        code="PANEL_BUG",
        message=_("The panel made a mistake here. What happened so far is listed below."),
        hint=_("The worker's log has the details under this operation's id."),
        safe_to_retry=False,
        mutation_state=doubt(sent=sent),
        details={"exception": type(error).__name__},
    )
    return failed(fault)


def lost(operation: Operation, *, sent: bool) -> Ending:
    """The worker vanished, or was told to end: another one goes on, at most a few times."""
    if operation.attempts < MAX_ATTEMPTS:
        pause = pauses.before_takeover(operation.attempts)
        event = ("requeued", _("The worker vanished; another one goes on."))
        return Ending(State.QUEUED, {"not_before": _in(pause)}, event)
    said = _("The worker vanished several times while doing this.")
    return failed(Fault("WORKER_LOST", said, safe_to_retry=False, mutation_state=doubt(sent=sent)))


def out_of_time(limit: timedelta, *, sent: bool) -> Ending:
    """One attempt took longer than its kind may. Its process ends as well (`operations.overtime`)."""
    said = _("This took longer than %(limit)s without a pause, so it was stopped.") % {
        "limit": in_words(limit)
    }
    return failed(Fault("TIME_LIMIT", said, safe_to_retry=False, mutation_state=doubt(sent=sent)))


def _too_long(deadline: timedelta, *, sent: bool) -> Fault:
    said = _("It was not done within %(limit)s, so the panel stopped waiting for it.")
    message = said % {"limit": in_words(deadline)}
    return Fault("DEADLINE", message, safe_to_retry=False, mutation_state=doubt(sent=sent))


def damaged(operation: Operation) -> Ending:
    """The row itself makes no sense."""
    return refused(damage(sent=operation.has_started))


def damage(*, sent: bool) -> Fault:
    """What there is to say of a row that makes no sense."""
    return Fault(
        "ROW_DAMAGED",
        _("What the panel stored about this is damaged, so it was not done."),
        hint=_("Ask for it again. If it had begun before, look at Run402 first what became of it."),
        safe_to_retry=False,
        mutation_state=doubt(sent=sent),
    )


def unknown_kind(operation: Operation) -> Ending:
    """This worker has no handler for it. A newer one may: it waits for that for some minutes, then fails."""
    now, checkpoints = timezone.now(), operation.checkpoints
    since = float(checkpoints.get(UNKNOWN_SINCE) or now.timestamp())
    if now.timestamp() - since > NEWER_WORKER_WITHIN.total_seconds():
        return failed(_of_no_kind(operation))
    said = _("This worker does not know how to do “%(kind)s”. It waits for a newer worker.")
    fields = {
        "not_before": _in(NEWER_WORKER_SECONDS),
        "attempts": max(operation.attempts - 1, 0),
        "checkpoints": {**checkpoints, UNKNOWN_SINCE: since},
    }
    event = _unless_said(operation, ("unknown_kind", said % {"kind": operation.kind}))
    return Ending(State.QUEUED, fields, event)


def _of_no_kind(operation: Operation) -> Fault:
    said = _("No worker of this panel knows how to do “%(kind)s”.") % {"kind": operation.kind}
    hint = _("Let all workers run the same version, then ask again.")
    return Fault("UNKNOWN_KIND", said, hint=hint, mutation_state=doubt(sent=SENT in operation.checkpoints))


def doubt(*, sent: bool) -> str:
    """Return the state of what an attempt that did not end by itself may have changed."""
    return "unknown" if sent else "none"


# --- Helpers ---


def in_words(limit: timedelta) -> str:
    """Return a limit as people say it."""
    minutes = limit.total_seconds() / 60
    if minutes < 2:
        return _("%(count)s seconds") % {"count": f"{limit.total_seconds():g}"}
    if minutes < 120:
        return _("%(count)s minutes") % {"count": f"{minutes:g}"}
    return _("%(count)s hours") % {"count": f"{minutes / 60:g}"}


def fault_of(error: Run402Error) -> Fault:
    """Return a client error as the canonical envelope."""
    envelope = error.envelope()
    return Fault(
        code=str(envelope.get("code") or "API_ERROR"),
        message=str(envelope.get("message") or error),
        source="run402",
        hint=str(envelope.get("hint") or ""),
        retryable=bool(envelope.get("retryable")),
        safe_to_retry=bool(envelope.get("safe_to_retry")),
        mutation_state=str(envelope.get("mutation_state") or ""),
        trace_id=str(envelope.get("trace_id") or ""),
        status=error.status,
        details=_mapping(envelope.get("details")),
        next_actions=tuple(_mapping(action) for action in envelope.get("next_actions") or ()),
    )


def _unless_said(operation: Operation, event: tuple[str, str]) -> tuple[str, str] | None:
    """Return the event, unless it is what the operation said last."""
    last = operation.events.order_by("-seq").values_list("type", "message").first()
    return None if last == (event[0], event[1][:500]) else event


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _in(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)

"""How an attempt ends: whatever the handler returned or raised, as the fields it leaves on the row."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Fault
from operations.models import Operation, Reason, State
from operations.registry import Kind
from run402.errors import Run402Error

#: Pauses before the second, third, … attempt. Afterwards it has failed.
RETRY_SECONDS = (1, 3, 10, 30)
#: The type of the event that says why it waits for the gateway.
HELD = "held"


@dataclass(frozen=True)
class Ending:
    """The state an attempt leaves, other `fields` of the row, and an event as (type, message).

    `refusal` is the code under which the panel itself decided not to do it.
    """

    state: State
    fields: Mapping[str, Any] = field(default_factory=dict)
    event: tuple[str, str] | None = None
    refusal: str = ""


def succeeded(result: Mapping[str, Any] | None, kept: timedelta | None = None) -> Ending:
    """The handler returned. Its result stays, or is emptied after a while."""
    until = timezone.now() + kept if kept else None
    fields = {"result": dict(result or {}), "result_until": until}
    return Ending(State.SUCCEEDED, fields, ("succeeded", _("Done")))


def paused(seconds: float, phase: str) -> Ending:
    """The handler goes on later. A planned pause is no failed attempt."""
    return Ending(State.QUEUED, {"phase": phase, "not_before": _in(seconds), "attempts": 0})


def held(operation: Operation, seconds: float, message: str, *, begun: bool) -> Ending:
    """The gateway cannot be asked now. That is no attempt; what was never begun is not shown as running."""
    fields: dict[str, Any] = {"not_before": _in(seconds), "attempts": max(operation.attempts - 1, 0)}
    events = operation.events.order_by("-seq")
    if not begun and not events.exclude(type=HELD).exists():
        fields["started_at"] = None
    last = events.first()
    again = last is not None and (last.type, last.message) == (HELD, message)
    return Ending(State.QUEUED, fields, None if again else (HELD, message))


def waiting(reason: Reason, message: str) -> Ending:
    """A person, or money, has to act first."""
    return Ending(State.WAITING, {"reason": reason}, ("waiting", message))


def cancelled(message: str = "") -> Ending:
    """The handler stopped because somebody asked it to, or because nobody waits for it and it cannot be done now."""
    return Ending(State.CANCELLED, event=("cancelled", message or _("Cancelled")))


def failed(fault: Fault) -> Ending:
    """It did not work, for this reason."""
    return Ending(State.FAILED, {"error": fault.as_dict()}, ("failed", fault.message))


def refused(fault: Fault) -> Ending:
    """The panel decided not to do it; nothing happened."""
    return dataclasses.replace(failed(fault), refusal=fault.code)


def answered(operation: Operation, kind: Kind, error: Run402Error) -> Ending:
    """Run402 said no: repeat where it is safe, else fail with the whole canonical error (contract: identity 1.7)."""
    fault = fault_of(error)
    safe = fault.retryable and (fault.safe_to_retry or not kind.mutates)
    return again_or_failed(operation, fault, at_least=error.retry_after or 0) if safe else failed(fault)


def unrecorded(operation: Operation) -> Ending:
    """The panel's database did not answer. Checkpoints make another attempt right, as after a crash."""
    fault = Fault("DATABASE_BUSY", _("The panel's database did not answer in time."), retryable=True)
    return again_or_failed(operation, fault)


def again_or_failed(operation: Operation, fault: Fault, *, at_least: float = 0) -> Ending:
    """Put it back in line after a pause that grows with the attempts; fail when there were enough."""
    if operation.attempts > len(RETRY_SECONDS):
        return failed(fault)
    pause = max(RETRY_SECONDS[operation.attempts - 1], at_least)
    said = _("%(why)s Trying again in %(s)s s.") % {"why": fault.message, "s": f"{pause:g}"}
    return Ending(State.QUEUED, {"not_before": _in(pause)}, ("retry", said))


def crashed(error: Exception) -> Ending:
    """The handler has a bug. What it changed is not known."""
    fault = Fault(
        code="PANEL_BUG",
        message=_("The panel made a mistake here. What happened so far is listed below."),
        hint=_("The worker's log has the details under this operation's id."),
        safe_to_retry=False,
        mutation_state="unknown",
        details={"exception": type(error).__name__},
    )
    return failed(fault)


def unknown_kind(operation: Operation) -> Ending:
    """This version of the panel has no handler for it."""
    said = _("This version of the panel does not know how to do “%(kind)s”.") % {"kind": operation.kind}
    return failed(
        Fault("UNKNOWN_KIND", said, hint=_("Let all workers run the same version, then ask again."))
    )


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


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _in(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)

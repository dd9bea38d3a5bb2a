"""The phases of a deploy with their times, read from the events of its operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.ui.figures import size
from operations.models import Operation, OperationEvent, State

NAMES: dict[str, Promise] = {
    "plan": _("Plan"),
    "confirm": _("Review"),
    "upload": _("Upload"),
    "commit": _("Commit"),
    "stage": _("Stage"),
    "migrate": _("Migrate"),
    "activate": _("Activate"),
    "ready": _("Ready"),
}
#: Shown only when they happened: most deploys have no SQL.
RARE = frozenset({"migrate"})
_LOOKS = {
    "ok": "circle-check",
    "running": "loader-circle",
    "later": "circle-dashed",
    "bad": "circle-x",
    "waits": "hourglass",
}


@dataclass(frozen=True)
class Phase:
    """One line. `start` and `width` are percentages of the whole time, waiting for people left out."""

    name: str
    label: str
    state: str
    icon: str
    seconds: float | None
    note: str
    start: str
    width: str


def phases_of(
    operation: Operation, events: Sequence[OperationEvent], now: datetime | None = None
) -> list[Phase]:
    """Return all phases in order: done, running, stopped, or still to come."""
    spent = _spent(operation, events, now or timezone.now())
    reached = max((list(NAMES).index(name) for name in spent), default=-1)
    shown = [name for name in NAMES if name not in RARE or name in spent]
    whole = sum((spent[name].total_seconds() for name in spent if name != "confirm"), 0.0) or 1.0
    found, start = [], 0.0
    for name in shown:
        state = _state(operation, name, reached)
        width = spent[name].total_seconds() / whole * 100 if name in spent and name != "confirm" else 0.0
        found.append(_phase(operation, name, state, spent.get(name), start, width))
        start += width
    return found


def _phase(
    operation: Operation, name: str, state: str, spent: timedelta | None, start: float, width: float
) -> Phase:
    return Phase(
        name=name,
        label=str(NAMES[name]),
        state="running" if state == "waits" else state,
        icon=_LOOKS[state],
        seconds=spent.total_seconds() if spent is not None and name != "ready" else None,
        note=_note(operation, name, state),
        start=f"{start:.2f}",
        width=f"{max(width, 0.6 if width else 0):.2f}",
    )


def _spent(operation: Operation, events: Sequence[OperationEvent], now: datetime) -> dict[str, timedelta]:
    """Add up the time between one entry and the next, per phase; a plan made twice counts twice."""
    spent: dict[str, timedelta] = {}
    current, since = "", operation.started_at or operation.created_at
    end = operation.finished_at or now
    for name, at in [*_entries(events), ("", end)]:
        if current:
            spent[current] = spent.get(current, timedelta()) + max(at - since, timedelta())
        current, since = name, at
    return spent


def _entries(events: Sequence[OperationEvent]) -> list[tuple[str, datetime]]:
    found = []
    for event in events:
        if event.type == "phase" and event.message in NAMES:
            found.append((event.message, event.at))
        elif event.type == "waiting":
            found.append(("confirm", event.at))
        elif event.type == "decision":
            found.append(("plan", event.at))
    return found


def _state(operation: Operation, name: str, reached: int) -> str:
    """Say how a phase stands; later phases prove that earlier ones are done, seen or not."""
    position = list(NAMES).index(name)
    if operation.state == State.SUCCEEDED:
        return "ok"
    if position < reached:
        return "ok"
    if position > reached:
        return "later"
    if operation.state == State.WAITING:
        return "waits"
    return "bad" if operation.is_final else "running"


def _note(operation: Operation, name: str, state: str) -> str:
    """Say how many bytes of the running phase are done."""
    if name == "upload" and state == "running" and operation.total:
        return str(_("%(done)s of %(total)s")) % {
            "done": size(operation.done),
            "total": size(operation.total),
        }
    if name == "confirm" and state == "waits":
        return str(_("waits for you"))
    return ""

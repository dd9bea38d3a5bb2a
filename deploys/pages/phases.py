"""The phases of a deploy with their times, read from the events of its operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.ui.figures import grouped, size
from operations.models import Operation, OperationEvent, State

NAMES: dict[str, Promise] = {
    "plan": gettext_lazy("Plan"),
    "confirm": gettext_lazy("Review"),
    "upload": gettext_lazy("Upload"),
    "commit": gettext_lazy("Commit"),
    "stage": gettext_lazy("Stage"),
    "migrate": gettext_lazy("Migrate"),
    "activate": gettext_lazy("Activate"),
    "ready": gettext_lazy("Ready"),
}
#: Shown only when they happened: most deploys have no SQL, most redeploys ask nothing and send nothing.
RARE = frozenset({"confirm", "upload", "migrate"})
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

    @property
    def counts(self) -> bool:
        """Its time goes on while somebody looks (elapsed.js)."""
        return self.state == "running" and self.seconds is not None


def phases_of(
    operation: Operation, events: Sequence[OperationEvent], now: datetime | None = None
) -> list[Phase]:
    """Return all phases in order: done, running, stopped, or still to come."""
    entries = _entries(events)
    spent = _spent(operation, entries, now or timezone.now())
    current = entries[-1][0] if entries else ""
    whole = sum((seconds for name, seconds in spent.items() if name != "confirm"), 0.0) or 1.0
    notes = _notes(operation, events)
    found, start = [], 0.0
    for name in NAMES:
        if name in RARE and name not in spent:
            continue
        state = _state(operation, name, current, spent)
        width = spent.get(name, 0.0) / whole * 100 if name != "confirm" else 0.0
        found.append(_phase(name, state, spent.get(name), notes.get(name, ""), start, width))
        start += width
    return found


def _phase(name: str, state: str, seconds: float | None, note: str, start: float, width: float) -> Phase:
    return Phase(
        name=name,
        label=str(NAMES[name]),
        state="running" if state == "waits" else state,
        icon=_LOOKS[state],
        seconds=seconds if name != "ready" else None,
        note=note,
        start=f"{start:.2f}",
        width=f"{max(width, 0.6):.2f}" if width else "",
    )


def _spent(operation: Operation, entries: Sequence[tuple[str, datetime]], now: datetime) -> dict[str, float]:
    """Add up the seconds between one entry and the next, per phase; a plan made twice counts twice."""
    spent: dict[str, float] = {}
    last = operation.finished_at or now
    for number, (name, since) in enumerate(entries, start=1):
        until = entries[number][1] if number < len(entries) else last
        spent[name] = spent.get(name, 0.0) + max((until - since).total_seconds(), 0.0)
    return spent


def _entries(events: Sequence[OperationEvent]) -> list[tuple[str, datetime]]:
    found = []
    for event in events:
        if event.type == "phase" and event.phase in NAMES:
            found.append((event.phase, event.at))
        elif event.type == "waiting":
            found.append(("confirm", event.at))
        elif event.type == "decision":
            found.append(("plan", event.at))
    return found


def _state(operation: Operation, name: str, current: str, spent: Mapping[str, float]) -> str:
    """Say how a phase stands; later phases prove that earlier ones are done, seen or not."""
    if operation.state == State.SUCCEEDED:
        return "ok"
    if name != current:
        order = list(NAMES)
        passed = current and order.index(name) < order.index(current)
        return "ok" if passed or name in spent else "later"
    if operation.state == State.WAITING:
        return "waits"
    return "bad" if operation.is_final else "running"


def _notes(operation: Operation, events: Sequence[OperationEvent]) -> dict[str, str]:
    """Say what a phase moved: bytes sent so far, or in all."""
    sent = [event for event in events if event.type == "upload"]
    if sent:
        data = sent[-1].data
        return {
            "upload": _("%(count)s files, %(size)s")
            % {"count": grouped(data["count"]), "size": size(data["bytes"])}
        }
    if operation.phase == "upload" and operation.total:
        figures = {"done": size(operation.done), "total": size(operation.total)}
        return {"upload": _("%(done)s of %(total)s") % figures}
    return {}

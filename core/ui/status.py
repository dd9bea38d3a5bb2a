"""The status vocabulary: one look for each kind of state, one word for each state of an operation."""

from dataclasses import dataclass
from typing import Protocol

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Look:
    """The CSS class and the icon of a status."""

    tone: str
    icon: str


# What `{% status %}` takes as its first word.
LOOKS = {
    "ok": Look("ok", "circle-check"),
    "warn": Look("warn", "triangle-alert"),
    "bad": Look("bad", "circle-x"),
    "running": Look("running", "loader-circle"),
    "idle": Look("idle", "circle-dashed"),
    "waits": Look("warn", "hourglass"),
    "cancelled": Look("idle", "ban"),
    "unknown": Look("idle", "clock"),
    "frozen": Look("", "snowflake"),
    "superseded": Look("idle", "history"),
}

WAITS: dict[str, Promise] = {
    "approval": _("Waits for approval"),
    "confirmation": _("Waits for you"),
    "funds": _("Waits for funds"),
    "checkout": _("Waits for checkout"),
    "review": _("Outcome unknown"),
}

STATES: dict[str, tuple[str, Promise]] = {
    "queued": ("idle", _("Queued")),
    "running": ("running", _("Running")),
    "succeeded": ("ok", _("Succeeded")),
    "failed": ("bad", _("Failed")),
    "cancelled": ("cancelled", _("Cancelled")),
}

PHASES: dict[str, Promise] = {
    "plan": _("Planning"),
    "confirm": _("Confirming"),
    "upload": _("Uploading"),
    "stage": _("Staging"),
    "migrate": _("Migrating"),
    "activate": _("Activating"),
    "check": _("Checking"),
    "pay": _("Paying"),
    "sign": _("Signing"),
    "settle": _("Settling"),
    "provision": _("Making"),
    "set": _("Setting"),
    "submit": _("Submitting"),
    "delete": _("Deleting"),
}


class OperationState(Protocol):
    """What a status needs to know about an operation."""

    state: str
    reason: str
    phase: str


@dataclass(frozen=True, slots=True)
class Status:
    """A status ready to be shown."""

    look: Look
    word: str


def status(kind: str, word: str, icon: str = "") -> Status:
    """Return a status of the vocabulary; `icon` replaces the icon where another one says it better."""
    look = LOOKS[kind]
    return Status(Look(look.tone, icon or look.icon), word)


def operation_status(operation: OperationState) -> Status:
    """Return the status of an operation; a running one says its phase, a waiting one whom it waits for.

    One that pauses between two steps stands in line again, but to a person it runs (`has_started`).
    """
    if operation.state == "waiting":
        look = "unknown" if operation.reason == "review" else "waits"
        return status(look, str(WAITS.get(operation.reason, _("Waits"))))
    pauses = operation.state == "queued" and getattr(operation, "has_started", False)
    state = "running" if pauses else operation.state
    kind, word = STATES.get(state, ("unknown", _("Unknown")))
    if state == "running" and operation.phase:
        return status(kind, phase_word(operation.phase))
    return status(kind, str(word))


def phase_word(phase: str) -> str:
    """Return `Uploading` for `upload`; a phase the panel has no word for is shown as it is."""
    known = PHASES.get(phase)
    return str(known) if known else str(capfirst(phase.replace("_", " ").replace("-", " ")))

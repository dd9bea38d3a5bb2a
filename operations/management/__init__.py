"""What the room's commands share."""

from __future__ import annotations

from core.errors import Refusal


def sentence(refusal: Refusal) -> str:
    """Return a refusal with its next steps, as a terminal shows it."""
    return " ".join([refusal.fault.message, *(str(step["label"]) for step in refusal.fault.next_actions)])

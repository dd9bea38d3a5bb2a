"""What this room holds about a person: letters to their address."""

from __future__ import annotations

from typing import Any

from notifications.models import Mail
from teams.models import User


def held(user: User) -> list[dict[str, Any]]:
    """Return which letters were sent to the person; their text is not kept."""
    letters = Mail.objects.filter(to__iexact=user.email).order_by("created_at")
    return [{"subject": one.subject, "state": one.state, "at": one.created_at.isoformat()} for one in letters]


def forget(user: User) -> None:
    """Drop the letters to the person, sent or not."""
    Mail.objects.filter(to__iexact=user.email).delete()

"""What this room holds about a person: what they asked for."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from operations.models import Operation
from teams.models import User


def held(user: User) -> list[dict[str, Any]]:
    """Return the operations that the person asked for, oldest first."""
    asked = Operation.objects.filter(actor=user).select_related("team").order_by("created_at")
    return [
        {
            "team": one.team.name,
            "kind": one.kind,
            "title": one.title,
            "state": one.state,
            "at": one.created_at.isoformat(),
        }
        for one in asked.iterator()
    ]


def forget(user: User) -> None:
    """Take the person's name off their operations; the rows stay with the team."""
    Operation.objects.filter(actor=user).update(actor_label=_("Erased person"))

"""What this room holds about a person: what they uploaded."""

from __future__ import annotations

from typing import Any

from deploys.models import Source
from teams.models import User


def held(user: User) -> list[dict[str, Any]]:
    """Return the names of what the person uploaded, oldest first."""
    sources = Source.objects.filter(created_by=user).select_related("team").order_by("created_at")
    return [
        {
            "team": one.team.name,
            "name": one.name,
            "kind": one.kind,
            "digest": one.digest,
            "at": one.created_at.isoformat(),
        }
        for one in sources.iterator()
    ]

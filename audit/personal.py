"""What the record holds about a person: what they did. Erasing them leaves the entries, which name their id."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from audit.models import Event


class Person(Protocol):
    """Whoever has an id: this room imports no other."""

    pk: UUID


def held(user: Person) -> list[dict[str, Any]]:
    """Return what the record says the person did, oldest first."""
    events = Event.objects.filter(actor_id=str(user.pk)).order_by("at", "seq")
    return [
        {"at": one.at.isoformat(), "action": one.action, "what": one.object_label}
        for one in events.iterator()
    ]

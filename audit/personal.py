"""What the record holds about a person: what they did. Erasing them takes their name out and leaves their id."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.entries import ERASED, named
from audit.models import Event


class Person(Protocol):
    """Whoever has an id and an address: this room imports no other."""

    pk: UUID
    email: str


def held(user: Person) -> list[dict[str, Any]]:
    """Return what the record says the person did, oldest first."""
    events = Event.objects.filter(actor_id=str(user.pk)).order_by("at", "seq")
    return [
        {"at": one.at.isoformat(), "action": one.action, "what": one.object_label}
        for one in events.iterator()
    ]


def forget(user: Person) -> None:
    """Erase the person's name wherever the record holds it. The chain holds: it covers the digests of names."""
    for event in _by(user).iterator():
        digest = named(event.actor_salt, event.actor_label)
        _change(event, actor_label=ERASED, actor_salt="", actor_erased=digest)
    for event in _about(user).iterator():
        digest = named(event.object_salt, event.object_label)
        _change(event, object_label=ERASED, object_salt="", object_erased=digest)


def _by(user: Person) -> QuerySet[Event]:
    return Event.objects.filter(actor_id=str(user.pk), actor_erased="")


def _about(user: Person) -> QuerySet[Event]:
    """Return the entries about the person, also those about an address that became theirs, such as an invitation."""
    about = Q(object_type="user", object_id=str(user.pk)) | Q(object_label__iexact=user.email)
    return Event.objects.filter(about, object_erased="")


def _change(event: Event, **fields: str) -> None:
    """The one change that an entry ever sees; `save` refuses all."""
    Event.objects.filter(pk=event.pk).update(**fields)

"""Named reads of the audit record."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from audit import words
from audit.models import Event


def events_of(team_id: UUID, text: str = "", within: Q | None = None) -> QuerySet[Event]:
    """Return a team's events, newest first; `text` leaves those whose actor, action or object holds it.

    `within` is what their reader reaches (teams.record.events_within).
    """
    events = Event.objects.filter(within or Q(), chain=str(team_id)).order_by("-seq")
    if not text:
        return events
    named = Q(actor_label__icontains=text) | Q(object_label__icontains=text)
    return events.filter(named | Q(action__in=words.matching(text)))

"""What this room holds about a person: what they asked for."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from operations.models import Operation, OperationEvent
from teams.models import User

#: Events whose sentence says who decided.
DECISIONS = ("cancelled", "decision", "declined", "held", "log", "resumed")


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
    """Take the person's name off their operations and decisions; the rows stay with the team."""
    nobody = _("Erased person")
    Operation.objects.filter(actor=user).update(actor_label=nobody)
    named = OperationEvent.objects.filter(type__in=DECISIONS, message__contains=user.label)
    whole_name = re.compile(rf"(?<!\w){re.escape(user.label)}(?!\w)")
    for event in named.iterator():
        OperationEvent.objects.filter(pk=event.pk).update(message=whole_name.sub(nobody, event.message))

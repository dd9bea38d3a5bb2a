"""What this room holds about a person: what they asked for."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from operations.models import Approval, Operation, OperationEvent
from teams.models import User

#: Events whose sentence says who decided.
DECISIONS = ("cancelled", "decision", "declined", "held", "log", "resumed")


def held(user: User) -> list[dict[str, Any]]:
    """Return the operations that the person asked for, oldest first, and what they approved or declined."""
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
    ] + _decided(user)


def _decided(user: User) -> list[dict[str, Any]]:
    rows = Approval.objects.filter(by_id=str(user.pk)).select_related("operation__team").order_by("asked_at")
    return [
        {
            "team": one.operation.team.name,
            "title": one.operation.title,
            "decided": one.state,
            "note": one.note,
            "at": one.decided_at.isoformat() if one.decided_at else None,
        }
        for one in rows
    ]


def forget(user: User) -> None:
    """Take the person's name off their operations and decisions; the rows stay with the team."""
    nobody = _("Erased person")
    Operation.objects.filter(actor=user).update(actor_label=nobody)
    Approval.objects.filter(by_id=str(user.pk)).update(by_label=nobody)
    named = OperationEvent.objects.filter(type__in=DECISIONS, message__contains=user.label)
    whole_name = re.compile(rf"(?<!\w){re.escape(user.label)}(?!\w)")
    for event in named.iterator():
        OperationEvent.objects.filter(pk=event.pk).update(message=whole_name.sub(nobody, event.message))

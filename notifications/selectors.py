"""Named reads of the outbox. Each is scoped by team."""

from __future__ import annotations

from django.db.models import QuerySet

from notifications.models import Mail
from teams.models import Team


def mails_of(team: Team) -> QuerySet[Mail]:
    """Return the team's mails without their texts, newest first."""
    return Mail.objects.filter(team=team).defer("body_sealed")

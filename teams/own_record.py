"""Records what a person does about their own account: into the chain of each of their teams, or the instance's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from audit.record import Subject, record
from teams.models import Membership, User


def record_person(action: str, user: User, details: Mapping[str, Any] | None = None) -> None:
    """Record something about a person. The chains are locked in one order, so two people do not lock each other."""
    teams = Membership.objects.filter(user=user).order_by("team_id").values_list("team_id", flat=True)
    chains: list[UUID | None] = [*teams] or [None]
    subject = Subject("user", str(user.pk), user.label)
    with transaction.atomic():
        for team_id in chains:
            record(action, team_id=team_id, actor=user.actor, subject=subject, details=details)

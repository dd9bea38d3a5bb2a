"""Named reads of people and teams."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from teams.models import Membership, User


def memberships_of(user: User) -> QuerySet[Membership]:
    """Return the person's memberships with their teams, in the teams' order."""
    own = Membership.objects.filter(user=user).select_related("team", "user")
    return own.order_by("team__name", "team__created_at")


def chosen(memberships: Sequence[Membership], team_id: str | None) -> Membership | None:
    """Return the membership in the chosen team while it lasts, else in the first team, else None."""
    wanted = [membership for membership in memberships if str(membership.team_id) == team_id]
    return next(iter(wanted or memberships), None)


def membership_in(user: User, team_id: UUID) -> Membership | None:
    """Return the person's membership of one team."""
    return memberships_of(user).filter(team_id=team_id).first()

"""Named reads of people and teams."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from teams.models import Membership, User


def memberships_of(user: User) -> QuerySet[Membership]:
    """Return the person's memberships with their teams, in the teams' order."""
    return Membership.objects.filter(user=user).select_related("team").order_by("team__name", "team__created_at")


def current_membership(user: User, team_id: str | None) -> Membership | None:
    """Return the membership in the chosen team while it lasts, else in the first team, else None."""
    memberships = list(memberships_of(user))
    chosen = [membership for membership in memberships if str(membership.team_id) == team_id]
    return next(iter(chosen or memberships), None)


def membership_in(user: User, team_id: UUID) -> Membership | None:
    """Return the person's membership of one team."""
    return memberships_of(user).filter(team_id=team_id).first()

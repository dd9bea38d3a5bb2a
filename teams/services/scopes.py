"""What limited memberships reach."""

from __future__ import annotations

from uuid import UUID

from teams.models import Membership, Role, Scope, Team, User


def bring_into_reach(*, user: User, team: Team, kind: Scope.Kind, object_id: UUID) -> None:
    """Let a limited member reach what they make. Call it in the transaction that makes it."""
    limited = {f"{kind}s_limited": True}
    membership = Membership.objects.filter(user=user, team=team, **limited).exclude(role=Role.OWNER).first()
    if membership is not None:
        Scope.objects.get_or_create(membership=membership, kind=kind, object_id=object_id)

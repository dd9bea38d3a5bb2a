"""Named reads of people and teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from core.transport import secure_context
from teams.models import Membership, Team, User


def memberships_of(user: User) -> QuerySet[Membership]:
    """Return the person's memberships with their teams, in the teams' order."""
    own = Membership.objects.filter(user=user).select_related("team", "user")
    return own.order_by("team__name", "team__created_at")


def chosen(memberships: Sequence[Membership], team_id: str | None) -> Membership | None:
    """Return the membership in the chosen team while it lasts, else in the first team, else None."""
    wanted = [membership for membership in memberships if str(membership.team_id) == team_id]
    return next(iter(wanted or memberships), None)


def by_email(email: str) -> User | None:
    """Return who has the address; it belongs to one person, whatever its case."""
    return User.objects.filter(email__iexact=email).first()


def membership_in(user: User, team_id: UUID) -> Membership | None:
    """Return the person's membership of one team."""
    return memberships_of(user).filter(team_id=team_id).first()


def teams_that_require_a_factor(user: User) -> QuerySet[Team]:
    """Return the person's teams whose rule it is that every member has a second factor."""
    return Team.objects.filter(memberships__user=user, require_two_factor=True)


@dataclass(frozen=True)
class Means:
    """How a person can show that it is them."""

    password: bool
    code: bool
    passkey: bool

    @property
    def any(self) -> bool:
        return self.password or self.code or self.passkey


def means_of(user: User) -> Means:
    """Return the person's means; a passkey counts where browsers have them."""
    types = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    codes = {Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES}
    passkey = Authenticator.Type.WEBAUTHN in types and secure_context()
    return Means(user.has_usable_password(), bool(types & codes), passkey)


def has_second_factor(user: User) -> bool:
    """Say whether the person has an authenticator app or a passkey."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=user, type__in=kinds).exists())

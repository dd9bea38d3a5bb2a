"""Named reads of people and teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet, UUIDField
from django.http import Http404
from django.utils import timezone

from core.prepared import Param, Prepared
from core.transport import secure_context
from teams import guards
from teams.models import Invitation, Membership, Role, Team, User
from teams.permissions import Action, allows
from teams.tokens import digest


def memberships_of(user: User | Param) -> QuerySet[Membership]:
    """Return the person's memberships with their teams, in the teams' order."""
    own = Membership.objects.filter(user=user).select_related("team", "user")
    return own.order_by("team__name", "team__created_at")


_MEMBERSHIPS = Prepared(lambda: memberships_of(Param("user", UUIDField())))


def memberships_in_order(user: User) -> tuple[Membership, ...]:
    """Return the same, read: every request asks."""
    return tuple(_MEMBERSHIPS.all(user=user.pk))


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


def members_of(team: Team) -> QuerySet[Membership]:
    """Return the team's members by name, with what they reach."""
    members = Membership.objects.filter(team=team).select_related("user", "team").prefetch_related("scopes")
    return members.order_by("user__name", "user__email")


def member_or_404(team: Team, user_id: UUID) -> Membership:
    """Return one member of the team, found by the person's id."""
    membership = members_of(team).filter(user=user_id).first()
    if membership is None:
        raise Http404("no such member")
    return membership


def approvers_of(team: Team) -> list[User]:
    """Return who may approve what somebody else wants to pay."""
    members = members_of(team).filter(user__is_active=True)
    return [each.user for each in members if allows(each.role, Action.PAYMENT_APPROVE)]


def unanswered_invitations(team: Team) -> QuerySet[Invitation]:
    """Return the invitations that nobody has accepted or withdrawn, expired ones too."""
    invitations = Invitation.objects.filter(team=team, accepted_at=None, revoked_at=None)
    return invitations.select_related("team", "invited_by")


def invitation_or_404(team: Team, invitation_id: UUID) -> Invitation:
    """Return one invitation of the team, answered or not."""
    invitation = Invitation.objects.filter(team=team, pk=invitation_id).first()
    if invitation is None:
        raise Http404("no such invitation")
    return invitation


def open_invitations(team: Team) -> QuerySet[Invitation]:
    """Return the invitations that can be accepted now."""
    return unanswered_invitations(team).filter(expires_at__gt=timezone.now())


def invitation_by_token(token: str) -> Invitation | None:
    """Return the invitation that the token opens now; None for wrong, expired, used and withdrawn ones.

    One whose sender could not send it today is over as well: it would be their way back in.
    """
    rows = Invitation.objects.filter(token_digest=digest(token), accepted_at=None, revoked_at=None)
    found = rows.filter(expires_at__gt=timezone.now()).select_related("team", "invited_by").first()
    return found if found and guards.still_stands(found) else None


def members_below_owner(team: Team) -> list[Membership]:
    """Return who could be made owner."""
    return list(members_of(team).exclude(role=Role.OWNER).filter(user__is_active=True))


def has_account(email: str) -> bool:
    """Say whether somebody signs in with the address."""
    return User.objects.filter(email=email).exists()


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


def two_factor_of(people: Sequence[User]) -> set[UUID]:
    """Return the ids of those who have an authenticator app or a passkey."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    having = Authenticator.objects.filter(user__in=[each.pk for each in people], type__in=kinds)
    return set(having.values_list("user_id", flat=True))

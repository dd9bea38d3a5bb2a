"""The list of members, and one member."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from core.registry import Placed, placed
from teams import guards, selectors
from teams.grants import Grant
from teams.models import Invitation, Membership, Role, User
from teams.permissions import Action, allows
from teams.services.teams import may_make_team

#: Slots for other rooms: below the list, for owners only; and on the page of a member, for who may change them.
TEAM_SLOT, MEMBER_SLOT = "team.owners", "member.main"


@dataclass(frozen=True)
class Row:
    """One member."""

    membership: Membership
    reach: Grant
    is_self: bool
    two_factor: bool

    @property
    def user(self) -> User:
        return self.membership.user

    @property
    def seen_at(self) -> datetime | None:
        return self.membership.seen_at


@dataclass(frozen=True)
class Invited:
    """Somebody who has not answered yet."""

    invitation: Invitation
    reach: Grant
    may_change: bool

    @property
    def is_expired(self) -> bool:
        return self.invitation.expires_at <= timezone.now()


@dataclass(frozen=True)
class MembersPage:
    """Everybody in the team, and what the looking person may do."""

    rows: tuple[Row, ...]
    invited: tuple[Invited, ...]
    may_invite: bool
    may_transfer: bool
    may_make_team: bool
    panels: tuple[Placed, ...]


@dataclass(frozen=True)
class MemberPage:
    """One member, and what the looking person may change about them."""

    row: Row
    may_change_role: bool
    may_change_reach: bool
    may_remove: bool
    may_report: bool
    is_last_owner: bool
    panels: tuple[Placed, ...]


def members_page(actor: Membership) -> MembersPage:
    """Return the list as one member sees it."""
    members = list(selectors.members_of(actor.team))
    having = selectors.two_factor_of([each.user for each in members])
    owner = allows(actor.role, Action.TEAM_RULES)
    return MembersPage(
        rows=tuple(_row(each, actor, having) for each in members),
        invited=tuple(_invited(each, actor) for each in selectors.unanswered_invitations(actor.team)),
        may_invite=bool(guards.roles_to_give(actor)),
        may_transfer=allows(actor.role, Action.OWNERS_MANAGE),
        may_make_team=may_make_team(actor.user),
        panels=placed(TEAM_SLOT, actor.team_id) if owner else (),
    )


def member_page(actor: Membership, member: Membership) -> MemberPage:
    """Return one member as another one sees them."""
    row = _row(member, actor, selectors.two_factor_of([member.user]))
    manages = allows(actor.role, Action.MEMBERS_MANAGE) and guards.may_touch(actor, member)
    last = guards.is_last_owner(member)
    return MemberPage(
        row=row,
        may_change_role=manages and not last and bool(guards.roles_to_give(actor, member)),
        may_change_reach=manages and member.role != Role.OWNER and _within(actor, row),
        may_remove=manages and not row.is_self and not last,
        may_report=manages and not row.is_self,
        is_last_owner=last,
        panels=placed(MEMBER_SLOT, member.user_id) if manages else (),
    )


def _within(actor: Membership, row: Row) -> bool:
    """Nobody changes their own reach, and nobody decides about what they do not reach themselves."""
    return not row.is_self and Grant.of(actor).covers(row.reach)


def _row(member: Membership, actor: Membership, having: set[UUID]) -> Row:
    return Row(member, Grant.of(member), member.pk == actor.pk, member.user_id in having)


def _invited(invitation: Invitation, actor: Membership) -> Invited:
    reach = Grant.of_invitation(invitation)
    may = invitation.role in guards.roles_to_give(actor) and Grant.of(actor).covers(reach)
    return Invited(invitation, reach, may)

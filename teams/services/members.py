"""Changing, removing and leaving. The team's row is locked, so that two changes at once cannot leave it ownerless."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from audit.record import Subject, record
from teams import guards
from teams.grants import EVERYTHING, Grant, as_json, write
from teams.models import Invitation, Membership, Role, Team, User
from teams.permissions import Action, allows
from teams.services.sessions import end_sessions


def change_role(*, team: Team, actor: User, person: User, role: str, keep: str = "") -> Membership:
    """Give a member another role and end their sessions; of one's own, the session `keep` goes on."""
    with transaction.atomic():
        guards.lock(team)
        own, other = guards.manager(team, actor), guards.member(team, person)
        if other.role == role:
            return other
        guards.require_role(own, role, other)
        guards.require_touch(own, other)
        guards.require_another_owner(other)
        before = other.role
        set_role(other, role)
        end_sessions(person, keep=keep)
        record_member("member.role_changed", other, actor, before=before, role=role)
    return other


def set_role(member: Membership, role: str) -> None:
    """Write the role with what it brings: owners reach everything; who may not invite has no open invitations."""
    member.role = role
    member.save(update_fields=["role"])
    if role == Role.OWNER:
        write(member, EVERYTHING)
    if not allows(role, Action.MEMBERS_MANAGE):
        _withdraw_invitations(member)


def change_reach(*, team: Team, actor: User, person: User, reach: Grant) -> Membership:
    """Limit a member to some projects and wallets, or end that."""
    with transaction.atomic():
        guards.lock(team)
        own, other = guards.manager(team, actor), guards.member(team, person)
        guards.require_touch(own, other)
        guards.require_reach(own, Grant.of(other), reach)
        if other.role == Role.OWNER:
            reach = EVERYTHING
        write(other, reach)
        projects, wallets = as_json(reach.projects), as_json(reach.wallets)
        record_member("member.scopes_changed", other, actor, projects=projects, wallets=wallets)
    return other


def remove_member(*, team: Team, actor: User, person: User) -> None:
    """Take a member out of the team and end their sessions."""
    with transaction.atomic():
        guards.lock(team)
        own, other = guards.manager(team, actor), guards.member(team, person)
        guards.require_touch(own, other)
        guards.require_another_owner(other)
        _take_out(other)
        end_sessions(person)
        record_member("member.removed", other, actor, role=other.role)


def end_member_sessions(*, team: Team, actor: User, person: User) -> None:
    """End a member's sessions, wherever they are signed in; their membership stays."""
    with transaction.atomic():
        own, other = guards.manager(team, actor), guards.member(team, person)
        guards.require_touch(own, other)
        record_member("member.sessions_ended", other, actor, count=end_sessions(person))


def leave_team(*, team: Team, person: User) -> None:
    """Let somebody go on their own wish, unless they are the last owner."""
    with transaction.atomic():
        guards.lock(team)
        own = guards.member(team, person)
        guards.require_another_owner(own)
        _take_out(own)
        record_member("member.left", own, person, role=own.role)


def _take_out(member: Membership) -> None:
    _withdraw_invitations(member)
    # By its key: the object keeps it, for the audit record.
    Membership.objects.filter(pk=member.pk).delete()


def _withdraw_invitations(member: Membership) -> None:
    """End what the member invited: it must not be a way back in."""
    sent = Invitation.objects.filter(team=member.team_id, invited_by=member.user_id)
    sent.filter(accepted_at=None, revoked_at=None).update(revoked_at=timezone.now())


def record_member(action: str, member: Membership, actor: User, **details: object) -> None:
    """Write to the audit record what was done to a member."""
    subject = Subject("user", str(member.user_id), member.user.label)
    record(action, team_id=member.team_id, actor=actor.actor, subject=subject, details=details)

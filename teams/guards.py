"""Who may change whom. Services ask inside their transaction, with the team's row locked; pages ask to hide buttons."""

from __future__ import annotations

from django.utils.translation import gettext as _

from core.errors import Refusal
from teams.grants import Grant
from teams.models import Invitation, Membership, Role, Team, User
from teams.permissions import Action, allows, demand, who_may

#: Higher is more. Developers and billing stand side by side.
RANK = {Role.OWNER: 3, Role.ADMIN: 2, Role.DEVELOPER: 1, Role.BILLING: 1, Role.VIEWER: 0}
#: Roles that only an owner gives, changes or takes away.
HIGH = frozenset({Role.OWNER, Role.ADMIN})


def lock(team: Team) -> Team:
    """Return the team's present row, locked until the transaction ends: changes to its members queue here."""
    return Team.objects.select_for_update().get(pk=team.pk)


def member(team: Team, user: User) -> Membership:
    """Return the person's present membership, or refuse."""
    found = (
        Membership.objects.filter(team=team, user=user, user__is_active=True).select_related("user").first()
    )
    if found is None:
        raise Refusal("NOT_A_MEMBER", _("This person is not in the team any more. Load the page again."))
    return found


def manager(team: Team, user: User) -> Membership:
    """Return the membership of somebody who may manage members, or refuse."""
    found = member(team, user)
    demand(found, Action.MEMBERS_MANAGE)
    return found


def may_touch(actor: Membership, other: Membership) -> bool:
    """Say whether the actor may change or remove the other one. Owners and admins are the owners' matter."""
    if actor.pk == other.pk:
        return True
    needed = Action.OWNERS_MANAGE if other.role in HIGH else Action.MEMBERS_MANAGE
    return allows(actor.role, needed)


def require_touch(actor: Membership, other: Membership) -> None:
    """Refuse unless the actor may change or remove the other one."""
    if not may_touch(actor, other):
        said = _("Only %(roles)s may change an owner or an admin. Ask one of them.")
        raise Refusal("OWNERS_ONLY", said % {"roles": who_may(Action.OWNERS_MANAGE)})


def roles_to_give(actor: Membership, to: Membership | None = None) -> list[Role]:
    """Return the roles that the actor may give to somebody; to oneself only lower ones."""
    if not allows(actor.role, Action.MEMBERS_MANAGE):
        return []
    if to is not None and to.pk == actor.pk:
        return [role for role in Role if RANK[role] < RANK[Role(actor.role)]]
    if to is not None and not may_touch(actor, to):
        return []
    return [role for role in Role if role not in HIGH or allows(actor.role, Action.OWNERS_MANAGE)]


def require_role(actor: Membership, role: str, to: Membership | None = None) -> None:
    """Refuse a role that the actor may not give."""
    if role not in roles_to_give(actor, to):
        own = to is not None and to.pk == actor.pk
        sentence = (
            _("Nobody raises their own role. Ask another owner or admin.")
            if own
            else _("Only an owner makes owners and admins. Ask one of them, or choose another role.")
        )
        raise Refusal("ROLE_NOT_YOURS", sentence, field="role")


def require_reach(actor: Membership, *reaches: Grant) -> None:
    """Refuse to decide about what the actor does not reach: nobody widens their own way round."""
    mine = Grant.of(actor)
    if not all(mine.covers(reach) for reach in reaches):
        raise Refusal(
            "BEYOND_YOUR_REACH",
            _("You reach only some projects or wallets, so you cannot decide about others. Ask an owner."),
        )


def is_last_owner(member: Membership) -> bool:
    """Say whether the team would be left without an owner who can sign in."""
    owners = Membership.objects.filter(team=member.team_id, role=Role.OWNER, user__is_active=True)
    return member.role == Role.OWNER and not owners.exclude(pk=member.pk).exists()


def require_another_owner(leaving: Membership) -> None:
    """Refuse when the team would be left without an owner."""
    if is_last_owner(leaving):
        raise Refusal(
            "LAST_OWNER",
            _("A team needs an owner, and this is the last one. Make somebody else owner first."),
            field="role",
        )


def still_stands(invitation: Invitation) -> bool:
    """Say whether whoever sent the invitation could send it today."""
    senders = Membership.objects.filter(team=invitation.team_id, user=invitation.invited_by_id)
    sender = senders.filter(user__is_active=True).first()
    if sender is None or invitation.role not in roles_to_give(sender):
        return False
    return Grant.of(sender).covers(Grant.of_invitation(invitation))

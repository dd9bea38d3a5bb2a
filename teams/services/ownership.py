"""Handing a team over."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Refusal
from teams import guards
from teams.models import Membership, Role, Team, User
from teams.permissions import Action, demand
from teams.services.members import record_member, set_role
from teams.services.sessions import end_sessions


def transfer(*, team: Team, actor: User, person: User, stay_as: str, keep: str = "") -> Membership:
    """Make a member owner; the present one stays owner or becomes admin. The session `keep` of the actor goes on."""
    if stay_as not in (Role.OWNER, Role.ADMIN):
        raise Refusal("ROLE_NOT_YOURS", _("Stay as owner or as admin."), field="stay_as")
    with transaction.atomic():
        guards.lock(team)
        own, other = guards.member(team, actor), guards.member(team, person)
        demand(own, Action.OWNERS_MANAGE)
        if other.pk == own.pk or other.role == Role.OWNER:
            raise Refusal(
                "IS_OWNER", _("This person is an owner already. Choose somebody else."), field="person"
            )
        before = other.role
        set_role(other, Role.OWNER)
        set_role(own, stay_as)
        end_sessions(person)
        if stay_as != Role.OWNER:
            end_sessions(actor, keep=keep)
        record_member("team.transferred", other, actor, before=before, stays_as=stay_as)
    return other

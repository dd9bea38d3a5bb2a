"""Changes to people and teams."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from audit.record import SYSTEM, Subject, record
from core.errors import Refusal
from teams.models import Instance, Membership, Role, Team, User


@dataclass(frozen=True)
class FirstOwner:
    """The account a fresh instance starts with. The password is shown once and stored nowhere in clear."""

    email: str
    password: str


def create_team(*, name: str, owner: User) -> Team:
    """Create a team with its owner."""
    with transaction.atomic():
        team = Team.objects.create(name=name)
        Membership.objects.create(team=team, user=owner, role=Role.OWNER)
        subject = Subject("team", str(team.pk), team.name)
        record("team.created", team_id=team.pk, actor=owner.actor, subject=subject)
    return team


def may_make_team(user: User) -> bool:
    """Say whether the person may make teams: an operator, or everybody where the operator opened that."""
    return user.is_operator or Instance.get().open_teams


def make_team(*, name: str, actor: User) -> Team:
    """Make a team of which the person is the owner. Raises Refusal where only operators make teams."""
    if not may_make_team(actor):
        raise Refusal(
            "TEAMS_CLOSED", _("Only whoever operates this panel makes teams here. Ask them for one.")
        )
    return create_team(name=name, owner=actor)


def create_first_owner(*, email: str, team_name: str) -> FirstOwner | None:
    """Create the first person of an instance and their team; None when somebody is there already."""
    with transaction.atomic():
        if User.objects.exists():
            return None
        password = "-".join(secrets.token_hex(2) for _ in range(5))
        user = User.objects.create_user(email, password)
        record("user.created", team_id=None, actor=SYSTEM, subject=Subject("user", str(user.pk), user.label))
        create_team(name=team_name, owner=user)
    return FirstOwner(user.email, password)


def set_theme(user: User, theme: str) -> None:
    """Store the person's theme; an unknown value means the system's."""
    user.theme = theme if theme in User.Theme.values else User.Theme.SYSTEM
    user.save(update_fields=["theme"])

"""Changes to people and teams."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import transaction

from audit.record import SYSTEM, Subject, record
from teams.models import Membership, Role, Team, User


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

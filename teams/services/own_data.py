"""A person's own data: all of it as one file, and its erasure. The audit record keeps the id and nothing more."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import Actor, Subject, record
from core.errors import NextStep, Refusal
from core.registry import erasers, personal_data
from teams.models import Invitation, Membership, Role, Session, User
from teams.services.factors import remove_factors
from teams.services.sessions import end_sessions


def export(user: User) -> dict[str, Any]:
    """Return what every room holds about the person, by room, and record that it was taken."""
    held = {name: source(user) for name, source in personal_data.items()}
    with transaction.atomic():
        record("own_data.exported", team_id=None, actor=user.actor, subject=_subject(user))
    return {"exported_at": timezone.now().isoformat(), **held}


def erase(user: User) -> None:
    """Take the person's data away for good: name, address, password, factors, sessions, memberships.

    Raises Refusal while they are the only owner of a team: its wallets would belong to nobody.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        _require_no_orphans(locked)
        for eraser in erasers:
            eraser(locked)
        # Named by id alone from here on, also in this last entry.
        actor = Actor(str(locked.pk), _("erased person"))
        for team_id in Membership.objects.filter(user=locked).values_list("team_id", flat=True):
            record("member.erased", team_id=team_id, actor=actor, subject=_subject(locked, bare=True))
        Membership.objects.filter(user=locked).delete()
        locked.email = f"erased-{locked.pk}@invalid.invalid"
        locked.name = _("Erased person")
        locked.is_active = locked.is_operator = False
        locked.erased_at = timezone.now()
        locked.set_unusable_password()
        locked.save()
        record("own_data.erased", team_id=None, actor=actor, subject=_subject(locked, bare=True))


def orphaned(user: User) -> list[str]:
    """Return the names of the teams that would be left without an owner."""
    owned = Membership.objects.filter(user=user, role=Role.OWNER).select_related("team")
    return [mine.team.name for mine in owned if not _other_owner(mine)]


def _other_owner(mine: Membership) -> bool:
    others = Membership.objects.filter(team=mine.team, role=Role.OWNER, user__is_active=True)
    return others.exclude(pk=mine.pk).exists()


def _require_no_orphans(user: User) -> None:
    if teams := orphaned(user):
        raise Refusal(
            "ONLY_OWNER",
            _("You are the only owner of %(teams)s. Make somebody else an owner first.")
            % {"teams": ", ".join(teams)},
            next_steps=[NextStep("members", _("Choose a new owner"), "/team")],
        )


def _subject(user: User, *, bare: bool = False) -> Subject:
    return Subject("user", str(user.pk), "" if bare else user.label)


def sessions(user: User) -> list[dict[str, Any]]:
    """Return where the person is signed in."""
    rows = Session.objects.filter(user=user).order_by("created_at")
    return [
        {
            "since": one.created_at.isoformat(),
            "last_seen": one.seen_at.isoformat(),
            "address": one.ip,
            "browser": one.agent,
            "signed_in_by": one.how,
        }
        for one in rows
    ]


def forget(user: User) -> None:
    """Take away factors, sessions and invitations."""
    remove_factors(user)
    end_sessions(user)
    Invitation.objects.filter(email__iexact=user.email).delete()


def account(user: User) -> dict[str, Any]:
    """Return what this room holds about the person."""
    memberships = Membership.objects.filter(user=user).select_related("team")
    return {
        "id": str(user.pk),
        "email": user.email,
        "name": user.name,
        "theme": user.theme,
        "created_at": user.created_at.isoformat(),
        "last_login": user.last_login.isoformat() if user.last_login else None,
        "is_operator": user.is_operator,
        "teams": [
            {"team": one.team.name, "role": one.role, "since": one.created_at.isoformat()}
            for one in memberships
        ],
    }

"""What whoever runs the machine decides: who operates the instance, who may make teams, and an owner's way back."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import SYSTEM, Actor, Subject, record
from core import letters
from core.errors import Refusal
from teams.models import Instance, Membership, RecoveryLink, Role, Team, User
from teams.services.factors import remove_factors
from teams.services.sessions import end_sessions

RECOVERY_LASTS = timedelta(hours=1)


def set_operator(*, email: str, operates: bool) -> User:
    """Make somebody an operator of the instance, or end that. Raises Refusal for an unknown address."""
    with transaction.atomic():
        user = _person(email)
        user.is_operator = operates
        user.save(update_fields=["is_operator"])
        action = "operator.named" if operates else "operator.ended"
        record(action, team_id=None, actor=SYSTEM, subject=_subject(user))
    return user


def set_open_teams(*, actor: User, open_teams: bool) -> None:
    """Let everybody who signs in make teams, or operators alone."""
    with transaction.atomic():
        Instance.objects.update_or_create(pk=1, defaults={"open_teams": open_teams})
        details = {"open_teams": open_teams}
        record("instance.changed", team_id=None, actor=actor.actor, details=details)


def recovery_token(*, email: str, operator: str) -> str:
    """Make a one-time way back for an owner and return its token; earlier ones end. Every co-owner is told.

    `operator` is who asked on the machine. Raises Refusal unless the address belongs to an owner of some team.
    """
    with transaction.atomic():
        user = _person(email)
        teams = _owned(user)
        if not teams:
            raise Refusal("NOT_AN_OWNER", _("%(email)s owns no team.") % {"email": user.email})
        token = secrets.token_urlsafe(32)
        _unused(user).update(used_at=timezone.now())
        RecoveryLink.objects.create(
            user=user, token_digest=_digest(token), expires_at=timezone.now() + RECOVERY_LASTS
        )
        _tell(user, teams, "recovery.made", Actor("", operator))
    return token


def recovery_link(token: str) -> RecoveryLink | None:
    """Return the link behind a token while it can be used."""
    return (
        RecoveryLink.objects.filter(token_digest=_digest(token), used_at=None, expires_at__gt=timezone.now())
        .select_related("user")
        .filter(user__is_active=True)
        .first()
    )


def recover(*, link: RecoveryLink, password: str) -> User:
    """Give the owner a new password through the link, once, and end their second factors and sessions with it.

    Raises ValidationError for a weak password, Refusal when the link was used meanwhile.
    """
    user = link.user
    validate_password(password, user)
    with transaction.atomic():
        now = timezone.now()
        usable = RecoveryLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=now)
        if not usable.update(used_at=now):
            raise Refusal("RECOVERY_OVER", _("This link was used already, or its hour is over."))
        user.set_password(password)
        user.save(update_fields=["password"])
        remove_factors(user)
        end_sessions(user)
        _tell(user, _owned(user), "recovery.used", user.actor)
    return user


def _tell(user: User, teams: list[Team], action: str, actor: Actor) -> None:
    """Record it for every team that the person owns, and write to the owners of each."""
    for team in teams:
        record(action, team_id=team.pk, actor=actor, subject=_subject(user))
        for address in _owners(team):
            letters.post(_letter(address, user, team, action, timezone.now()))


def _letter(to: str, user: User, team: Team, action: str, at: datetime) -> letters.Letter:
    subject = _("Run402 Panel: a way back was made for %(who)s")
    text = _(
        "At %(time)s UTC whoever runs the panel's machine made a one-time link for %(who)s, an owner of %(team)s, to "
        "set a new password. If nobody of you asked for that, look at the audit record now."
    )
    if action == "recovery.used":
        subject = _("Run402 Panel: %(who)s came back with a new password")
        text = _(
            "At %(time)s UTC the one-time link for %(who)s, an owner of %(team)s, was used: a new password was set and "
            "the second factors were taken away. If that was not %(who)s, end their sessions and look at the audit "
            "record now."
        )
    words = {"who": user.label, "team": team.name, "time": at.strftime("%Y-%m-%d %H:%M")}
    return letters.Letter(to=to, subject=subject % words, text=text % words, team_id=team.pk)


def _owned(user: User) -> list[Team]:
    return list(Team.objects.filter(memberships__user=user, memberships__role=Role.OWNER))


def _owners(team: Team) -> list[str]:
    owners = Membership.objects.filter(team=team, role=Role.OWNER, user__is_active=True)
    return list(owners.values_list("user__email", flat=True))


def _unused(user: User) -> models.QuerySet[RecoveryLink]:
    return RecoveryLink.objects.filter(user=user, used_at=None)


def _person(email: str) -> User:
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None:
        raise Refusal("NO_SUCH_PERSON", _("Nobody here has the address %(email)s.") % {"email": email})
    return user


def _subject(user: User) -> Subject:
    return Subject("user", str(user.pk), user.label)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

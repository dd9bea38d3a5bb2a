"""Records signing in and out. These belong to a person: they go into the chain of each of their teams.

Somebody without a team stands in the instance's chain. No address and no browser is recorded: every member reads the
record, and nothing is ever taken out of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from allauth.account import signals
from allauth.account.authentication import get_authentication_records
from django.apps import apps
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.http import HttpRequest

from audit import refusals
from audit.record import Actor, Subject, record
from audit.refusals import Refused
from teams.models import Membership, User

#: Who fails to sign in as a person is not known to be that person.
SOMEBODY = Actor("unknown", "Somebody")


def record_person(action: str, user: User, details: Mapping[str, Any] | None = None) -> None:
    """Record something about a person in each of their teams' chains, or in the instance's."""
    with transaction.atomic():
        for team_id in chains_of(user):
            record(action, team_id=team_id, actor=user.actor, subject=_subject(user), details=details)


def chains_of(user: User) -> list[UUID | None]:
    """Return the teams whose chains tell of a person, always in the same order: two people lock them alike."""
    teams = Membership.objects.filter(user=user).order_by("team_id").values_list("team_id", flat=True)
    return list(teams) or [None]


def failed(user: User, method: str) -> list[Refused]:
    """Return what is recorded when somebody failed to sign in as this person."""
    details = {"method": method}
    return [
        Refused("access.sign_in_failed", team_id, SOMEBODY, _subject(user), details)
        for team_id in chains_of(user)
    ]


def note_failed_email(email: object) -> None:
    """Note a failed try. The account is looked up when the answer has left: so its time tells of no account.

    What was typed is not kept: it may be a password.
    """

    def find() -> list[Refused]:
        user = User.objects.filter(email__iexact=str(email or "")).first()
        return failed(user, "password") if user else []

    refusals.find_later(find)


def connect() -> None:
    """Hear what allauth tells. It has no other place to say it than its signals."""
    signals.user_logged_in.connect(_signed_in, dispatch_uid="audit")
    signals.password_changed.connect(_password_changed, dispatch_uid="audit")
    signals.password_set.connect(_password_changed, dispatch_uid="audit")
    signals.password_reset.connect(_password_changed, dispatch_uid="audit")
    user_logged_out.connect(_signed_out, dispatch_uid="audit")
    if apps.is_installed("allauth.mfa"):
        from allauth.mfa import signals as mfa

        mfa.authentication_failed.connect(_second_factor_failed, dispatch_uid="audit")


def _subject(user: User) -> Subject:
    return Subject("user", str(user.pk), user.label)


def _signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    entries = get_authentication_records(request, user)
    methods = [str(entry.get("type") or entry.get("method", "")) for entry in entries]
    record_person("access.signed_in", user, {"method": methods})


def _signed_out(user: User | None, **kwargs: Any) -> None:
    if user is not None:
        record_person("access.signed_out", user)


def _password_changed(user: User, **kwargs: Any) -> None:
    record_person("access.password_changed", user)


def _second_factor_failed(user: User, authenticator: Any, **kwargs: Any) -> None:
    refusals.find_later(lambda: failed(user, str(authenticator.type)))

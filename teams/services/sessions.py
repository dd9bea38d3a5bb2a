"""Ending somebody's sessions."""

from __future__ import annotations

from django.contrib.sessions.models import Session

from teams.models import User


def end_sessions(user: User, *, keep: str = "") -> None:
    """End every session of the person but `keep`."""
    for session in Session.objects.exclude(session_key=keep):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()

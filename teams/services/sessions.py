"""Ending somebody's sessions."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from teams.models import Session, User
from teams.sessions import digest_of
from teams.signing_in import record_person


def end_sessions(user: User, *, keep: str = "") -> int:
    """End every session of the person but the one whose cookie is `keep` (`request.session.session_key`).

    For what makes sessions end, such as another role: whoever calls records that. Returns how many there were.
    """
    others = Session.objects.filter(user=user).exclude(digest=digest_of(keep or ""))
    return others.delete()[0]


def end_other_sessions(user: User, *, keep: str) -> int:
    """End the person's other sessions, on their own wish."""
    with transaction.atomic():
        count = end_sessions(user, keep=keep)
        if count:
            record_person("access.sessions_ended", user, {"count": count})
    return count


def end_session(user: User, session_id: UUID) -> bool:
    """End one of the person's own sessions; False when it is not theirs or over already."""
    with transaction.atomic():
        count, _rows = Session.objects.filter(user=user, pk=session_id).delete()
        if count:
            record_person("access.sessions_ended", user, {"count": 1})
    return bool(count)

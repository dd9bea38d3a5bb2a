"""Marking notices as read."""

from __future__ import annotations

from django.utils import timezone

from notifications import selectors
from notifications.models import Notice
from teams.models import Membership, User


def read_one(notice: Notice) -> None:
    """Mark it as read; the first time counts."""
    Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=timezone.now())


def read_all(*, person: User, membership: Membership | None) -> int:
    """Mark as read what the person's inbox shows now; return how many that were."""
    shown = selectors.inbox_of(person, membership).filter(read_at=None)
    return shown.update(read_at=timezone.now())

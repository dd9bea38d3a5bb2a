"""How long notices stay in the inbox once they were read, and how long the log of what was sent is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.registry import Due, Retention, retentions
from notifications.models import Delivery, Mail, Notice
from notifications.watch import LOOK_BACK
from operations.retention import kept_since

BATCH = 500


def register() -> None:
    """Offer it with what the rooms keep for a while."""
    retentions.add("notices", _retention(_("Notices that were read"), _notices))
    retentions.add("deliveries", _retention(_("Messages sent to webhooks"), _deliveries))
    retentions.add("mails", _retention(_("Mails sent, without their texts"), _mails))


def _retention(label: str | Promise, old: Callable[[], QuerySet[Any]]) -> Retention:
    return Retention(label, lambda: _sweep(old()), lambda: Due(old().count()))


def _notices() -> QuerySet[Notice]:
    """Return what was read long ago; never what somebody would be told of again."""
    before = kept_since("notices")
    if before is None:
        return Notice.objects.none()
    before = min(before, _told_again())
    return Notice.objects.filter(read_at__lt=before, created_at__lt=before)


def _deliveries() -> QuerySet[Delivery]:
    before = kept_since("deliveries")
    return Delivery.objects.filter(ended_at__lt=before) if before else Delivery.objects.none()


def _mails() -> QuerySet[Mail]:
    before = kept_since("deliveries")
    return Mail.objects.filter(ended_at__lt=before) if before else Mail.objects.none()


def _told_again() -> datetime:
    return timezone.now() - LOOK_BACK


def _sweep(old: QuerySet[Any]) -> int:
    """Delete one batch; return how many rows."""
    ids = list(old.order_by().values_list("pk", flat=True)[:BATCH])
    old.model._base_manager.filter(pk__in=ids).delete()
    return len(ids)

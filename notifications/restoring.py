"""After a restore nobody hears from the panel what it believed in the past."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.registry import Restored
from notifications.models import Delivery, Hook, Mail


def without_letter(row: dict[str, Any]) -> None:
    """Keep a letter's text, which may hold a one-time link, out of a backup."""
    row["body_sealed"] = b""


def fall_silent(restored: Restored) -> None:
    """Switch all webhooks off until an owner switches them on, and end what waits to be sent."""
    Hook.objects.filter(on=True).update(on=False, off_since_restore=restored.at)
    ended = {"error": _("Not sent: the panel was restored from a backup."), "ended_at": timezone.now()}
    Delivery.objects.filter(state=Delivery.State.QUEUED).update(state=Delivery.State.FAILED, **ended)
    Mail.objects.filter(state=Mail.State.QUEUED).update(state=Mail.State.FAILED, **ended)

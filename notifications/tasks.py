"""The Celery task: thin, without arguments; the outbox says what there is to do."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from notifications import sending
from notifications.services import SEND_MAIL


@shared_task(name=SEND_MAIL)
def send_mail() -> int:
    """Send what is due."""
    close_old_connections()
    return sending.send_due()

"""The Celery tasks: thin, without arguments; rows say what there is to do."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from notifications import delivering, sending, watch
from notifications.services import SEND_MAIL
from notifications.telling import DELIVER


@shared_task(name=SEND_MAIL)
def send_mail() -> int:
    """Send the mails that are due."""
    close_old_connections()
    return sending.send_due()


@shared_task(name=DELIVER)
def deliver() -> int:
    """Send the deliveries to webhooks that are due."""
    close_old_connections()
    return delivering.deliver_due()


@shared_task(name="notifications.watch")
def look() -> int:
    """Tell of what came into a state of which people should hear."""
    close_old_connections()
    return watch.look()

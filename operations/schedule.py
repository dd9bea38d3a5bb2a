"""Celery's schedule with a pulse: that a worker is alive does not say that anybody plans."""

from __future__ import annotations

import socket
import time
from datetime import timedelta
from typing import Any

import structlog
from celery.beat import PersistentScheduler
from django.db import DatabaseError, connection
from django.utils import timezone

from operations.models import BeatPulse

log = structlog.get_logger(__name__)

EVERY_SECONDS = 5.0


class Scheduler(PersistentScheduler):
    """Says “alive” with its ticks, at most every five seconds."""

    _said = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Do what is due, then tell."""
        pause: float = super().tick(*args, **kwargs)
        if time.monotonic() - self._said >= EVERY_SECONDS:
            self._said = time.monotonic()
            beat_once(socket.gethostname()[:80])
        return min(pause, EVERY_SECONDS)


def beat_once(name: str) -> None:
    """Write one pulse and forget those that have been gone for a day."""
    try:
        BeatPulse.objects.update_or_create(name=name, defaults={"at": timezone.now()})
        BeatPulse.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
    except DatabaseError as error:
        log.warning("beat_not_written", error=type(error).__name__)
        connection.close()

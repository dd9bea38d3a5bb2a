"""A thread in the worker's main process that says “alive” every two seconds."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from operations.models import WorkerPulse
from wallets import vault

log = structlog.get_logger(__name__)

EVERY_SECONDS = 2.0


def beat_once(name: str) -> None:
    """Write one pulse and forget workers that have been gone for a day."""
    WorkerPulse(name=name, unlocks=vault.can_unseal()).save()
    WorkerPulse.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()


def start() -> threading.Event:
    """Start the thread; set the returned event to stop it."""
    stop = threading.Event()
    threading.Thread(target=_run, args=(socket.gethostname()[:80], stop), daemon=True, name="pulse").start()
    return stop


def _run(name: str, stop: threading.Event) -> None:
    while True:
        try:
            beat_once(name)
        except DatabaseError as error:
            log.warning("pulse_not_written", error=type(error).__name__)
        finally:
            # The connection must not be open when the pool forks.
            connection.close()
        if stop.wait(EVERY_SECONDS):
            return

"""A thread in the worker's main process that says “alive” every two seconds.

That process also forks: the pool's processes, again and again, as they end. A process forked while this thread writes
inherits SQLite in the middle of it: it takes the locks for its own for ever, or reads a damaged database. So a fork
waits until the thread has left the database.
"""

from __future__ import annotations

import os
import socket
import threading
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from core.keysets import key_ids
from operations.models import WorkerPulse
from operations.watch import deaf, troubles
from operations.watch.findings import findings_here, skew
from wallets import macs, signer, vault

log = structlog.get_logger(__name__)

EVERY_SECONDS = 2.0

#: Held by the thread while it is in the database, and by whoever forks. To be taken twice by one thread is no mistake.
_in_the_database = threading.RLock()
os.register_at_fork(
    before=_in_the_database.acquire,
    after_in_parent=_in_the_database.release,
    after_in_child=_in_the_database.release,
)


def beat_once(name: str) -> WorkerPulse:
    """Write one pulse and forget workers that have been gone for a day."""
    unlocks, checks_limits = vault.can_unseal(), macs.can_check()
    pulse = WorkerPulse(
        name=name,
        unlocks=unlocks,
        checks_limits=checks_limits,
        pays_by_mpp=signer.can_pay_by_mpp(),
        keys=keys_held(),
        findings=findings_here(),
        skew_milliseconds=round(skew().total_seconds() * 1000),
    )
    pulse.save()
    WorkerPulse.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
    return pulse


def keys_held() -> dict[str, list[int] | None]:
    """Return the ids of the keys that this process could use now, by keyset; None where it holds none."""
    held = {
        "vault": settings.VAULT_PRIVATE_KEYSET,
        "policy": settings.POLICY_MAC_KEYSET,
        "results": settings.RESULTS_KEYSET,
    }
    return {name: key_ids(configured, secret=True) for name, configured in held.items()}


def start(queues: list[str]) -> threading.Event:
    """Start the thread of a worker of these queues; set the returned event to stop it."""
    stop = threading.Event()
    arguments = (socket.gethostname()[:80], queues, stop)
    threading.Thread(target=_run, args=arguments, daemon=True, name="pulse").start()
    return stop


def _run(name: str, queues: list[str], stop: threading.Event) -> None:
    held = True
    while True:
        with _in_the_database:
            held = _beat(name, queues, held)
        if stop.wait(EVERY_SECONDS):
            return


def _beat(name: str, queues: list[str], held: bool) -> bool:
    """Say “alive”, and tell what is wrong. Nothing of the database is left open. Return whether the keys are there."""
    try:
        held = _told(beat_once(name), held)
        troubles.note()
        if deaf.is_deaf(queues):
            troubles.deaf(name)
            deaf.leave()
    except DatabaseError as error:
        log.warning("pulse_not_written", error=type(error).__name__)
    finally:
        connection.close()
    return held


def _told(pulse: WorkerPulse, held: bool) -> bool:
    """Log when the keys go and when they come back; return whether they are there."""
    now = pulse.unlocks and pulse.checks_limits
    if held and not now:
        log.error(
            "keys_missing",
            unlocks=pulse.unlocks,
            checks_limits=pulse.checks_limits,
            hint="PANEL_VAULT_PRIVATE_KEYSET_FILE and PANEL_POLICY_MAC_KEYSET_FILE have to name readable keysets.",
        )
    elif now and not held:
        log.warning("keys_back")
    return now

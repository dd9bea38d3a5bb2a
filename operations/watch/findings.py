"""What a process finds wrong from where it stands. Workers leave theirs with their pulse, `/readyz` asks anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from django.conf import settings
from django.db import connection
from django.utils import timezone

from core.registry import health_checks
from core.ui.times import duration
from operations import turns
from operations.claims import free_of
from operations.models import BeatPulse, WorkerPulse
from operations.registry import QUEUES

#: A row that is free to run and was not taken for so long.
TOO_OLD = timedelta(minutes=5)
#: The beat says so every five seconds.
BEAT_SILENT = timedelta(seconds=30)
ALIVE = timedelta(seconds=5)
#: Leases last 20 seconds, proofs are back-dated by a few: clocks further apart than this break things.
MOST_SKEW = timedelta(seconds=5)
LEAST_FREE_BYTES, LEAST_FREE_PART = 500 * 1024 * 1024, 0.02


class Finding(StrEnum):
    """What can be wrong."""

    QUEUE = "queue"
    BEAT = "beat"
    CLOCK = "clock"
    DISK = "disk"
    KEYSET = "keyset"
    WORKER = "worker"
    DEAF = "deaf"


def findings_here() -> list[Finding]:
    """Return what is wrong as this worker sees it."""
    return [
        finding for finding in (Finding.QUEUE, Finding.BEAT, Finding.CLOCK, Finding.DISK) if CHECKS[finding]()
    ]


def register() -> None:
    """Offer each as a health check."""
    for finding, check in CHECKS.items():
        health_checks.add(str(finding), _health_check(check))


def _health_check(check: Callable[[], str]) -> Callable[[], tuple[bool, str]]:
    def asked() -> tuple[bool, str]:
        words = check()
        return not words, words

    return asked


def queue() -> str:
    """Say how long the oldest row has been free to run, when that is too long."""
    oldest = oldest_free(TOO_OLD)
    return (
        f"the oldest has waited for {duration((timezone.now() - oldest).total_seconds())}" if oldest else ""
    )


def oldest_free(age: timedelta, queues: Sequence[str] = QUEUES) -> datetime | None:
    """Return since when the oldest row of free lanes could run, if that is longer than `age`."""
    before = timezone.now() - age
    return min((since for queue in queues for since in _free_since(queue, before)), default=None)


def _free_since(queue: str, before: datetime) -> Iterator[datetime]:
    for team in turns.teams(queue, before):
        yield from (row.not_before for row in islice(free_of(queue, team, before), 1))


def beat() -> str:
    """Say since when nothing has planned sweeps and readings."""
    last = BeatPulse.objects.order_by("-at").first()
    if last is None:
        return "none has been seen"
    age = timezone.now() - last.at
    return f"silent for {duration(age.total_seconds())}" if age > BEAT_SILENT else ""


def clock() -> str:
    """Say by how much the clocks differ: of the database and this process, or of a live worker."""
    here = skew()
    if abs(here) > MOST_SKEW:
        return f"the database's differs by {duration(abs(here).total_seconds())}"
    live = WorkerPulse.objects.filter(at__gte=timezone.now() - ALIVE)
    worst = max((abs(pulse.skew_milliseconds) for pulse in live), default=0) / 1000
    return f"a worker's differs by {duration(worst)}" if worst > MOST_SKEW.total_seconds() else ""


def skew() -> timedelta:
    """Return how far the database's clock is ahead of this process's. The embedded one has no clock of its own."""
    if connection.vendor != "postgresql":
        return timedelta(0)
    with connection.cursor() as cursor:
        before = timezone.now()
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment - before


def disk() -> str:
    """Say how little is left in the data folder."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    low = usage.free < LEAST_FREE_BYTES or usage.free < usage.total * LEAST_FREE_PART
    return f"{usage.free // 1024 // 1024} MB left in the data folder" if low else ""


def keyset() -> str:
    """Say that this process cannot lock anything away: forms with keys or secrets refuse."""
    return "" if settings.VAULT_PUBLIC_KEYSET else "the public keyset is missing"


CHECKS: dict[Finding, Callable[[], str]] = {
    Finding.QUEUE: queue,
    Finding.BEAT: beat,
    Finding.CLOCK: clock,
    Finding.DISK: disk,
    Finding.KEYSET: keyset,
}

"""Taking a row: which one is next, the lease on it, and the heartbeat that keeps the lease."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from operations import turns
from operations.halted import not_halted
from operations.models import Operation, State

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=20)
HEARTBEAT_SECONDS = 5.0
#: Rows of a team looked at in one go. When other workers took them all, their loops find the rest.
CANDIDATES = 10
#: How far into a team's line is looked before its lanes are.
NEAR = 20


def worker_name() -> str:
    """Return the name under which this process claims."""
    return f"{socket.gethostname()}:{os.getpid()}"[:80]


def claim(queue: str) -> Operation | None:
    """Take the oldest due row of a free lane, teams with little under way first; None when there is none."""
    now = timezone.now()
    for team in turns.teams(queue, now):
        for candidate in free_of(queue, team, now):
            if taken := _taken(candidate):
                return taken
    return None


class Candidate(NamedTuple):
    """What a claim has to know of a row."""

    pk: UUID
    fence: int
    started_at: datetime | None
    created_at: datetime
    not_before: datetime


def free_of(queue: str, team: UUID, before: datetime) -> Iterator[Candidate]:
    """Yield rows of a team that could run since `before`, oldest first.

    Mostly one of the first in line is free. Where all of these pause or wait behind others, further ones are found by
    the heads of their lanes, so that a long lane costs no more than a short one.
    """
    rows = Operation.objects.filter(queue=queue, team=team, state=State.QUEUED)
    line = not_halted(rows).order_by("created_at")
    near = line.annotate(free=is_free()).values_list(*Candidate._fields, "free")[:NEAR]
    found = [Candidate(*row) for *row, free in near if free]
    yield from (row for row in found if row.not_before <= before)
    free = line.filter(is_free(), not_before__lte=before).values_list(*Candidate._fields)
    heads = free.filter(pk__in=turns.heads(queue, team))[:CANDIDATES]
    further = [Candidate(*row) for row in (*heads, *free.filter(lane="")[:CANDIDATES])]
    yield from sorted(further, key=lambda row: row.created_at)


def is_free() -> Q:
    """Return the condition that nobody runs in the row's lane, or stands in it before."""
    lane = Operation.objects.filter(lane=OuterRef("lane")).exclude(lane="").order_by()
    running = lane.filter(state=State.RUNNING)
    earlier = lane.filter(state=State.QUEUED, created_at__lt=OuterRef("created_at"))
    return ~Exists(running) & ~Exists(earlier)


def _taken(candidate: Candidate) -> Operation | None:
    """Return the row if this process gets it."""
    try:
        with transaction.atomic():
            taken = _take(candidate)
    except IntegrityError:
        return None  # another worker runs this lane since we looked
    if not taken:
        return None
    return Operation.objects.select_related("team", "actor", "gateway", "wallet__gateway").get(
        pk=candidate.pk
    )


def _take(candidate: Candidate) -> int:
    now = timezone.now()
    free = Operation.objects.filter(pk=candidate.pk, state=State.QUEUED, fence=candidate.fence)
    return free.update(
        state=State.RUNNING,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_until=now + LEASE,
        worker=worker_name(),
        started_at=candidate.started_at or now,
    )


class Heartbeat(threading.Thread):
    """Prolongs the lease while the handler runs, from a thread with a connection of its own.

    When the handler has run for `limit`, it calls `over_time` and prolongs no more.
    """

    def __init__(self, operation: Operation, limit: timedelta, over_time: Callable[[], None]) -> None:
        super().__init__(daemon=True, name=f"lease-{operation.pk}")
        self._ends, self._over_time = time.monotonic() + limit.total_seconds(), over_time
        self._mine = {"pk": operation.pk, "fence": operation.fence, "state": State.RUNNING}
        self._over = threading.Event()

    def run(self) -> None:
        try:
            while not self._over.wait(min(HEARTBEAT_SECONDS, max(self._ends - time.monotonic(), 0))):
                if time.monotonic() >= self._ends:
                    return self._over_time()
                self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        try:
            Operation.objects.filter(**self._mine).update(lease_until=timezone.now() + LEASE)
        except DatabaseError as error:
            # The lease lasts for some more beats; a new connection may do better.
            log.warning("lease_not_prolonged", error=type(error).__name__)
            connection.close()

    def __enter__(self) -> Heartbeat:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()

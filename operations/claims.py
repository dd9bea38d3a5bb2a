"""Taking a row: which one is next, the lease on it, and the heartbeat that keeps the lease."""

from __future__ import annotations

import os
import socket
import threading
from datetime import timedelta

import structlog
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from operations.models import Operation, State

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=20)
HEARTBEAT_SECONDS = 5.0
#: Rows looked at in one go. When other workers took them all, their loops find the rest.
CANDIDATES = 10


def worker_name() -> str:
    """Return the name under which this process claims."""
    return f"{socket.gethostname()}:{os.getpid()}"[:80]


def claim(queue: str) -> Operation | None:
    """Take the oldest due row of a free lane, teams with little under way first; None when there is none."""
    for candidate in _candidates(queue)[:CANDIDATES]:
        try:
            with transaction.atomic():
                taken = _take(candidate)
        except IntegrityError:
            continue  # another worker runs this lane since we looked
        if taken:
            return Operation.objects.select_related("team", "actor", "gateway", "wallet__gateway").get(
                pk=candidate.pk
            )
    return None


def _candidates(queue: str) -> QuerySet[Operation]:
    """Return the due rows of free lanes, first by what their team runs, then by its last turn, then by age."""
    lane = Operation.objects.filter(lane=OuterRef("lane")).exclude(lane="").exclude(pk=OuterRef("pk"))
    earlier = Q(state=State.QUEUED, created_at__lt=OuterRef("created_at"))
    blocked = lane.filter(Q(state=State.RUNNING) | earlier)
    due = Operation.objects.filter(queue=queue, state=State.QUEUED, not_before__lte=timezone.now())
    return (
        due.filter(~Exists(blocked))
        .annotate(team_runs=Coalesce(Subquery(_running_of_team()), 0), team_turn=Subquery(_latest_of_team()))
        .order_by("team_runs", F("team_turn").asc(nulls_first=True), "created_at")
        .only("pk", "fence", "started_at")
    )


def _running_of_team() -> QuerySet[Operation, int]:
    running = Operation.objects.filter(team=OuterRef("team"), state=State.RUNNING).order_by()
    return running.values("team").annotate(count=Count("pk")).values_list("count", flat=True)


def _latest_of_team() -> QuerySet[Operation, object]:
    started = Operation.objects.filter(team=OuterRef("team"), started_at__isnull=False)
    return started.order_by("-started_at").values_list("started_at", flat=True)[:1]


def _take(candidate: Operation) -> int:
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
    """Prolongs the lease while the handler runs, from a thread with a connection of its own."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(daemon=True, name=f"lease-{operation.pk}")
        self._mine = {"pk": operation.pk, "fence": operation.fence, "state": State.RUNNING}
        self._over = threading.Event()

    def run(self) -> None:
        try:
            while not self._over.wait(HEARTBEAT_SECONDS):
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

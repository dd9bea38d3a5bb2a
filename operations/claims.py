"""Taking a row: which one is next, the lease on it, and the heartbeat that keeps the lease."""

from __future__ import annotations

import os
import socket
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from operations.halted import not_halted
from operations.models import Operation, State
from teams.models import Team

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=20)
HEARTBEAT_SECONDS = 5.0
#: Rows of a team looked at in one go. When other workers took them all, their loops find the rest.
CANDIDATES = 10
NEVER = datetime.min.replace(tzinfo=UTC)


def worker_name() -> str:
    """Return the name under which this process claims."""
    return f"{socket.gethostname()}:{os.getpid()}"[:80]


def claim(queue: str) -> Operation | None:
    """Take the oldest due row of a free lane, teams with little under way first; None when there is none."""
    due = not_halted(
        Operation.objects.filter(queue=queue, state=State.QUEUED, not_before__lte=timezone.now())
    )
    for team in _by_turn(due):
        for candidate in _free(due.filter(team=team))[:CANDIDATES]:
            if taken := _taken(candidate):
                return taken
    return None


def _by_turn(due: QuerySet[Operation]) -> list[UUID]:
    """Return the teams of the rows by how little of theirs runs, then by their last turn, then by their oldest row."""
    oldest = due.order_by().values("team").annotate(oldest=Min("created_at")).order_by("oldest")
    teams = list(oldest.values_list("team", flat=True))
    if len(teams) < 2:
        return teams
    running = Counter(Operation.objects.filter(state=State.RUNNING).values_list("team", flat=True))
    started = Operation.objects.filter(team=OuterRef("pk"), started_at__isnull=False)
    latest = Subquery(started.order_by("-started_at").values("started_at")[:1])
    turns = dict(Team.objects.filter(pk__in=teams).annotate(turn=latest).values_list("pk", "turn"))
    return sorted(teams, key=lambda team: (running[team], turns[team] or NEVER))


def _free(due: QuerySet[Operation]) -> QuerySet[Operation]:
    """Return those that could run, oldest first."""
    return free_rows(due).order_by("created_at").only("pk", "fence", "started_at")


def free_rows(due: QuerySet[Operation]) -> QuerySet[Operation]:
    """Return the rows whose lane nobody runs or stands in before them."""
    lane = Operation.objects.filter(lane=OuterRef("lane"), state__in=[State.QUEUED, State.RUNNING])
    before = lane.exclude(lane="").exclude(pk=OuterRef("pk"))
    blocked = before.filter(Q(state=State.RUNNING) | Q(created_at__lt=OuterRef("created_at")))
    return due.filter(~Exists(blocked))


def _taken(candidate: Operation) -> Operation | None:
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

"""Taking a row: which one is next, and the lease on it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import CharField, Exists, F, IntegerField, OuterRef, Q, QuerySet, UUIDField
from django.utils import timezone

from core.prepared import Param, Prepared
from operations import halted, turns
from operations.models import Operation, State
from operations.registry import INTERACTIVE

LEASE = timedelta(seconds=20)
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

    Where people wait, what one of them asked for comes before what the panel looks after by itself: a hundred runs
    that are followed keep nobody's click from beginning.
    """
    if queue == INTERACTIVE:
        yield from _free_of(queue, team, before, asked=True)
    yield from _free_of(queue, team, before)


def _free_of(queue: str, team: UUID, before: datetime, *, asked: bool = False) -> Iterator[Candidate]:
    stopped = halted.stopped()
    line = halted.without(stopped, _asked(_line(queue, team)) if asked else _line(queue, team))
    if stopped:
        near = list(_near(line))
    else:
        near = (_NEAR_ASKED if asked else _NEAR).all(queue=queue, team=team)
    found = [Candidate(*row) for *row, free in near if free]
    yield from (row for row in found if row.not_before <= before)
    if asked and len(near) < NEAR:
        return  # that was all of it; what follows looks at the line as a whole
    free = line.filter(is_free(), not_before__lte=before).values_list(*Candidate._fields)
    heads = free.filter(pk__in=turns.heads(queue, team))[:CANDIDATES]
    further = [Candidate(*row) for row in (*heads, *free.filter(lane="")[:CANDIDATES])]
    yield from sorted(further, key=lambda row: row.created_at)


def _line(queue: str | Param, team: UUID | Param) -> QuerySet[Operation]:
    return Operation.objects.filter(queue=queue, team=team, state=State.QUEUED).order_by("created_at")


def _asked(line: QuerySet[Operation]) -> QuerySet[Operation]:
    return line.filter(actor__isnull=False)


def _near(line: QuerySet[Operation]) -> QuerySet[Operation, Any]:
    return line.annotate(free=is_free()).values_list(*Candidate._fields, "free")[:NEAR]


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
    row: Operation | None = _ROW.first(pk=candidate.pk)
    return row


def _take(candidate: Candidate) -> int:
    now = timezone.now()
    fields = {
        "state": State.RUNNING,
        "fence": F("fence") + 1,
        "attempts": F("attempts") + 1,
        "lease_until": now + LEASE,
        "worker": worker_name(),
        "started_at": candidate.started_at or now,
    }
    return _FREE.update(fields, pk=candidate.pk, fence=candidate.fence)[0]


_PK = Param("pk", UUIDField())
_NEAR = Prepared(lambda: _near(_line(Param("queue", CharField()), Param("team", UUIDField()))))
_NEAR_ASKED = Prepared(lambda: _near(_asked(_line(Param("queue", CharField()), Param("team", UUIDField())))))
_FREE = Prepared(
    lambda: Operation.objects.filter(pk=_PK, state=State.QUEUED, fence=Param("fence", IntegerField()))
)
_ROW = Prepared(
    lambda: Operation.objects.filter(pk=_PK).select_related("team", "actor", "gateway", "wallet__gateway")
)

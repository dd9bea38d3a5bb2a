"""The instance in figures, read from rows: the same for `/metrics` and for operators' pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from core.counting import counts
from operations.models import BeatPulse, Operation, OperationRequest, State, WorkerPulse
from operations.registry import QUEUES
from operations.watch.findings import ALIVE, skew
from wallets.models import GatewayStanding

RECENT = timedelta(minutes=5)
#: Many more than a healthy line has; beyond it a scrape would walk along the whole line.
COUNTED_TO = 2500


@dataclass(frozen=True)
class Figure:
    """One gauge. Names are Prometheus's: a unit at the end, labels for what there are several of."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def figures() -> list[Figure]:
    """Return all of them. No team is named."""
    return [*_operations(), *_processes(), *_gateways(), *_machine()]


def _operations() -> Iterator[Figure]:
    now = timezone.now()
    for (queue, state), count in _not_ended().items():
        labels = {"queue": queue, "state": state}
        yield Figure("panel_operations", "Operations that have not ended, up to 2,500.", count, labels)
    for queue in QUEUES:
        if oldest := due_times(now, queue).first():
            age = _age(oldest, now)
            words = "How long the oldest due row waits."
            yield Figure("panel_queue_oldest_seconds", words, age, {"queue": queue})
    ended = Operation.objects.filter(finished_at__gte=now - RECENT).order_by().values_list("state")
    for state, count in ended.annotate(count=Count("pk")):
        yield Figure("panel_operations_ended_recently", "Ended within five minutes.", count, {"state": state})


def _not_ended() -> dict[tuple[str, str], int]:
    """Return how many rows of each queue are in each state; those without any are left out."""
    pairs = list(product(QUEUES, (State.QUEUED, State.RUNNING, State.WAITING)))
    rows = (Operation.objects.filter(queue=queue, state=state) for queue, state in pairs)
    found = zip(pairs, counts(*rows, most=COUNTED_TO), strict=True)
    return {(queue, str(state)): count for (queue, state), count in found if count}


def due_times(now: datetime, queue: str) -> QuerySet[Operation, datetime]:
    """Return since when each due row of a queue could run, the oldest first."""
    due = Operation.objects.filter(state=State.QUEUED, queue=queue, not_before__lte=now)
    return due.order_by("not_before").values_list("not_before", flat=True)


def _processes() -> Iterator[Figure]:
    now = timezone.now()
    live = list(WorkerPulse.objects.filter(at__gte=now - ALIVE))
    locked = sum(not (pulse.unlocks and pulse.checks_limits) for pulse in live)
    yield Figure("panel_workers", "Workers that are alive.", len(live))
    yield Figure("panel_workers_without_keys", "Live workers that cannot sign or open.", locked)
    worst = max((abs(pulse.skew_milliseconds) for pulse in live), default=0) / 1000
    yield Figure(
        "panel_worker_clock_skew_seconds", "Worst clock of a live worker against the database.", worst
    )
    yield Figure(
        "panel_clock_skew_seconds", "This process's clock against the database.", skew().total_seconds()
    )
    if beat := BeatPulse.objects.order_by("-at").first():
        yield Figure("panel_beat_age_seconds", "Since the beat was last alive.", _age(beat.at, now))


def _gateways() -> Iterator[Figure]:
    now = timezone.now()
    for row in GatewayStanding.objects.filter(gateway__enabled=True).order_by("gateway"):
        labels = {"gateway": row.gateway_id}
        yield Figure("panel_gateway_open", "1 while its circuit breaker is open.", int(row.is_open), labels)
        yield Figure(
            "panel_gateway_held", "1 while it asked for fewer requests.", int(row.is_held(now)), labels
        )
        yield Figure("panel_gateway_failures", "Failures in a row.", row.failures, labels)
        if row.answered_at:
            age = _age(row.answered_at, now)
            yield Figure("panel_gateway_answer_age_seconds", "Since it last answered.", age, labels)
    yield from _requests(now)


def _requests(now: datetime) -> Iterator[Figure]:
    recent = OperationRequest.objects.filter(
        at__gte=now - RECENT, operation__gateway__isnull=False
    ).order_by()
    counts = recent.values_list("operation__gateway").annotate(
        none=Count("pk", filter=Q(status=None)),
        fewer=Count("pk", filter=Q(status=429)),
        broken=Count("pk", filter=Q(status__gte=500)),
        all=Count("pk"),
    )
    for gateway, none, fewer, broken, every in counts:
        rest = every - none - fewer - broken
        for outcome, count in {"no answer": none, "429": fewer, "5xx": broken, "answered": rest}.items():
            labels = {"gateway": gateway, "outcome": outcome}
            yield Figure(
                "panel_requests_recently", "Requests of operations within five minutes.", count, labels
            )


def _machine() -> Iterator[Figure]:
    usage = shutil.disk_usage(settings.DATA_DIR)
    yield Figure("panel_disk_free_bytes", "Left on the disk of the data folder.", usage.free)
    yield Figure("panel_disk_total_bytes", "Size of the disk of the data folder.", usage.total)


def _age(moment: datetime, now: datetime) -> float:
    return round(max((now - moment).total_seconds(), 0.0), 3)

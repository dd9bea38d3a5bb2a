"""Keeping the mirror fresh while nobody looks: planned by the beat, bounded for each gateway, spread over time."""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import UUID

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from core.errors import Refusal
from core.registry import planners
from operations.halted import not_halted
from operations.models import ACTIVE, Operation
from operations.registry import SYNC
from operations.work import heard
from run402.errors import Run402Error
from wallets import halts, signer, standing
from wallets.models import Gateway

log = structlog.get_logger(__name__)

#: The beat plans this often; what is planned starts at some moment before it plans again.
EVERY_SECONDS = 15.0
#: So many background readings of a gateway may be in line or running.
MOST = 10
#: How long a gateway that failed may take to answer the question whether it is back.
PROBE_SECONDS = 15.0


def plan() -> int:
    """Put in line what is due at each gateway that may be asked; return how many."""
    gateways = Gateway.objects.filter(enabled=True)
    return sum(_plan(gateway) for gateway in gateways if _may_be_read(gateway))


def _may_be_read(gateway: Gateway) -> bool:
    return standing.takes_background(gateway) and not halts.stops_gateway(gateway)


def _plan(gateway: Gateway) -> int:
    left = before = MOST - outstanding(gateway)
    for planner in planners:
        if left > 0:
            left -= planner(gateway, left)
    return before - left


def outstanding(gateway: Gateway) -> int:
    """Return how many readings that nobody asked for have not ended. What is stopped takes nobody's place."""
    readings = Operation.objects.filter(gateway=gateway, queue=SYNC, actor=None, state__in=ACTIVE)
    return not_halted(readings).count()


def spread() -> timedelta:
    """Return a pause that keeps what is planned together from starting together."""
    return timedelta(seconds=random.uniform(0, EVERY_SECONDS))  # noqa: S311 - only spreads load


def vary(interval: timedelta) -> timedelta:
    """Return about the interval: what became due together does not stay together."""
    return interval * random.uniform(0.9, 1.1)  # noqa: S311


def tried_within(kind: str, time: timedelta) -> QuerySet[Operation, UUID | None]:
    """Return what was read, or tried, within that time: a reading that fails is not planned at every beat."""
    recent = Operation.objects.filter(kind=kind, created_at__gte=timezone.now() - time)
    return recent.exclude(subject_id=None).order_by().values_list("subject_id", flat=True)


def look() -> int:
    """Ask the gateways that have failed whether they are back, one worker each; return how many were asked."""
    gateways = [gateway for gateway in standing.suspects() if not halts.stops_gateway(gateway)]
    return sum(_ask(gateway) for gateway in gateways if standing.take_turn(gateway))


def _ask(gateway: Gateway) -> int:
    """Read the public price list: any answer will do, and it is noted on its way."""
    with signer.client(
        gateway, on_exchange=lambda exchange: heard(gateway, exchange), timeout=PROBE_SECONDS
    ) as client:
        try:
            client.tiers.quote()
        except (Run402Error, Refusal) as error:
            log.info("gateway_asked", gateway=gateway.pk, error=type(error).__name__)
    return 1

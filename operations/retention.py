"""How long what has ended is kept. It goes in small batches, each a transaction of its own, by any worker.

An operation that a payment or a deploy names stays as a row (what, who, when, how it ended); its steps and requests go.
The audit record, payments and releases are never taken away. Rooms offer theirs in `core.registry.retentions`.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.registry import Due, Retention, operation_keepers, retentions
from operations.models import FINAL, Operation, OperationEvent, OperationRequest
from operations.registry import DEPLOYS, INTERACTIVE, SYNC

log = structlog.get_logger(__name__)

#: Operations of one transaction, with perhaps a hundred rows each.
BATCH = 100
#: A sweep leaves its worker to others after so long; the next one goes on.
BUDGET_SECONDS = 5.0
QUEUES = {"operations": (INTERACTIVE, DEPLOYS), "readings": (SYNC,)}


def register() -> None:
    """Offer what this room keeps for a while."""
    retentions.add("operations", _retention("operations", _("Operations, with their steps and requests")))
    retentions.add("readings", _retention("readings", _("Readings that keep pages fresh")))


def _retention(name: str, label: str | Promise) -> Retention:
    return Retention(label, lambda: _sweep(name), lambda: Due(old(name).count()))


def days_kept(name: str) -> int:
    """Return for how many days something is kept after its end; 0 is for ever."""
    return int(settings.KEEP_DAYS[name])


def kept_since(name: str) -> datetime | None:
    """Return the moment before which something goes; None when nothing does."""
    days = days_kept(name)
    return timezone.now() - timedelta(days=days) if days else None


def old(name: str) -> QuerySet[Operation]:
    """Return the operations, or the readings, that have to go: ended long ago, whether or not something names them."""
    before = kept_since(name)
    if before is None:
        return Operation.objects.none()
    ended = Operation.objects.filter(queue__in=QUEUES[name], finished_at__lt=before, trimmed_at=None)
    return ended.filter(state__in=FINAL)


def sweep(seconds: float = BUDGET_SECONDS) -> Counter[str]:
    """Take away what is due until the time is over; return how much of what. Begins with another one each time."""
    taken: Counter[str] = Counter()
    until = time.monotonic() + seconds
    offered = list(retentions.items())
    for name, retention in random.sample(offered, len(offered)):
        try:
            while time.monotonic() < until and (count := retention.sweep()):
                taken[name] += count
        except (OSError, DatabaseError) as error:
            # The others go on; this one is tried again by the next sweep.
            log.warning("retention_failed", what=name, error=type(error).__name__)
    if taken:
        log.info("retention_swept", **taken)
    return taken


def _sweep(name: str) -> int:
    """Take one batch away; return how many operations that were."""
    ids = list(old(name).order_by("finished_at").values_list("pk", flat=True)[:BATCH])
    if ids:
        with transaction.atomic():
            _take(ids)
    return len(ids)


def _take(ids: Collection[UUID]) -> None:
    named = {pk for keeper in operation_keepers for pk in keeper(ids)}
    OperationEvent.objects.filter(operation__in=ids).delete()
    OperationRequest.objects.filter(operation__in=ids).delete()
    Operation.objects.filter(pk__in=named).update(trimmed_at=timezone.now())
    Operation.objects.filter(pk__in=set(ids) - named, state__in=FINAL).delete()

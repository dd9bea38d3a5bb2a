"""Wake-ups: a message that names a queue and nothing else. A lost one costs a sweep, so sending never waits or raises."""

from __future__ import annotations

import structlog
from django.utils import timezone
from kombu.exceptions import KombuError

from operations.models import Operation, State

log = structlog.get_logger(__name__)

#: With this many rows due, woken workers are busy already and will find the new one.
ENOUGH = 25


def send(queue: str) -> None:
    """Wake a worker of `queue`, unless enough are awake; a broker that does not take it in 200 ms is left alone."""
    from operations.tasks import run

    if due(queue) > ENOUGH:
        return
    try:
        run.apply_async(args=(queue,), queue=queue, retry=False, ignore_result=True, expires=60)
    except (KombuError, OSError) as error:
        log.warning("wake_up_lost", queue=queue, error=type(error).__name__)


def due(queue: str) -> int:
    """Return how many rows of the queue could run now."""
    return Operation.objects.filter(queue=queue, state=State.QUEUED, not_before__lte=timezone.now()).count()

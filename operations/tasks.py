"""The Celery tasks: thin, and the same two for every kind."""

from __future__ import annotations

import gc
from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_init, worker_ready
from django.db import close_old_connections, connections

from operations import background, disk, pulse, results, retention, runner, seats
from operations.registry import SYNC
from wallets import spending

log = structlog.get_logger(__name__)


@shared_task(name="operations.run")
def run(queue: str) -> int:
    """Run what is due in the queue."""
    close_old_connections()
    return runner.run_due(queue)


@shared_task(name="operations.sweep")
def sweep(queue: str) -> int:
    """Recover rows of vanished workers, then run what is due (a wake-up may have been lost)."""
    close_old_connections()
    runner.sweep(queue)
    if queue == SYNC:
        _forget_results()
        spending.forget_expired()
    return runner.run_due(queue)


@shared_task(name="operations.plan")
def plan() -> int:
    """Put background readings in line."""
    close_old_connections()
    return background.plan()


@shared_task(name="operations.look")
def look() -> int:
    """Ask gateways that have failed whether they are back."""
    close_old_connections()
    return background.look()


@shared_task(name="operations.retain")
def retain() -> int:
    """Take away what was kept long enough."""
    close_old_connections()
    return retention.sweep().total()


@shared_task(name="operations.measure")
def measure() -> bool:
    """Measure what the panel takes on its disk, when that is due."""
    close_old_connections()
    return disk.measure_if_due()


def _forget_results() -> None:
    """Delete expired answers; a store that cannot be written to must not keep operations from running."""
    try:
        results.sweep()
    except OSError as error:
        log.warning("results_not_swept", error=type(error).__name__)


@worker_init.connect
def warm_up(sender: Any, **kwargs: Any) -> None:
    """Load what signs before the pool forks: it takes most of a second, and the pages are shared. Arrange the seats."""
    import coincurve  # noqa: F401  # imported for its effect on memory and time
    import eth_account  # noqa: F401

    from core.keysets import register
    from wallets import gateways

    register()
    gateways.sync()
    connections.close_all()
    seats.arrange(int(sender.concurrency or 1), sorted(sender.app.amqp.queues.consume_from))
    gc.collect()
    gc.freeze()  # what is loaded stays as it is: collecting it in a child would copy the pages that all share


@worker_ready.connect
def start_pulse(sender: Any, **kwargs: Any) -> None:
    """Say “alive” from now on."""
    pulse.start(sorted(sender.app.amqp.queues.consume_from))

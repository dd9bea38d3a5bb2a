"""A worker that is alive but takes nothing ends itself; whoever supervises it starts another one.

That happens: a connection to the broker that died without a word, a pool that lost its last process. The pulse goes on
meanwhile, so nobody else would notice.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import socket
import time
from datetime import timedelta
from typing import Any

import structlog
from billiard import active_children
from celery.signals import task_prerun
from django.conf import settings
from django.utils import timezone

from operations.models import Operation, State
from operations.watch.findings import oldest_free

log = structlog.get_logger(__name__)

#: What a supervisor sees: the code for “try again”.
EXIT_CODE = 75

#: When a process of this worker's pool last took a message. Made before the pool forks, so that they share it.
took = multiprocessing.Value("d", time.time(), lock=False)


@task_prerun.connect
def note_taken(**kwargs: Any) -> None:
    """Note that this worker hears."""
    took.value = time.time()


def is_deaf(queues: list[str]) -> bool:
    """Say whether rows wait for this worker that it ought to have taken long ago, while it does nothing else."""
    limit = timedelta(seconds=settings.DEAF_SECONDS)
    if time.time() - took.value < limit.total_seconds() or _works():
        return False
    return oldest_free(limit, queues) is not None


def _works() -> bool:
    mine = f"{socket.gethostname()}:"
    running = Operation.objects.filter(
        state=State.RUNNING, worker__startswith=mine, lease_until__gte=timezone.now()
    )
    return running.exists()


def leave() -> None:
    """End this worker with all its processes, now: what should end politely does not listen."""
    log.critical(
        "worker_deaf", seconds=round(time.time() - took.value), hint="It ends itself; start it again."
    )
    for child in active_children():
        child.terminate()
    logging.shutdown()
    os._exit(EXIT_CODE)

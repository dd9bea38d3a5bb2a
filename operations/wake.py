"""Wake-ups: a message that names a queue and nothing else.

A lost one costs a sweep, so sending neither waits for long nor raises.
"""

from __future__ import annotations

import os
import threading
from datetime import datetime
from typing import Any

import structlog
from celery import current_app
from django.db.models import CharField, DateTimeField, QuerySet
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import ChannelError, KombuError

from core.prepared import Param, Prepared
from operations import halted
from operations.claims import is_free
from operations.models import Operation, State

log = structlog.get_logger(__name__)

#: With this many rows to take, somebody was woken for them and finds the new one too: a worker goes on until nothing
#: is left, and wakes the next one while there is more than it can take (`send_on`).
ENOUGH = 4
#: How many rows, the last to come first, are looked at for that.
LOOK = 20
LIMIT_SECONDS = 0.2
#: A pause longer than this ends with a sweep.
SOON_SECONDS = 10.0

#: What makes each transport give up in time; the file system needs nothing.
REDIS = {"socket_timeout": LIMIT_SECONDS, "socket_connect_timeout": LIMIT_SECONDS}
AMQP = {"read_timeout": LIMIT_SECONDS, "write_timeout": LIMIT_SECONDS}
LIMITS = {"redis": REDIS, "rediss": REDIS, "amqp": AMQP, "amqps": AMQP}


def send(queue: str) -> None:
    """Wake a worker of `queue`, unless enough are awake. A broker that does not take it in time is left alone."""
    if _free(queue) <= ENOUGH:
        _post(queue)


def send_on(queue: str) -> None:
    """Wake one more worker if there is something to take for it: what a woken one does with its first row in hand."""
    if _free(queue):
        _post(queue)


def send_later(queue: str, seconds: float) -> None:
    """Do it from a thread when a short pause is over: Celery's own delay is a second late on the filesystem broker."""
    if seconds <= SOON_SECONDS:
        timer = threading.Timer(max(seconds, 0.0), _post_and_leave, [queue])
        timer.daemon = True
        timer.start()


def _post_and_leave(queue: str) -> None:
    """Send from a thread that ends then, and its connection with it."""
    _post(queue)
    if _kept.producer is not None:
        _kept.producer.connection.release()


def _post(queue: str) -> None:
    post("operations.run", queue, queue)


def post(task: str, queue: str, *args: str) -> None:
    """Send a message without waiting for long and without raising: for tasks that a schedule would start anyway."""
    try:
        if not _sent_as_before(task, queue, args):
            _send_anew(task, queue, args)
    except ERRORS as error:
        log.warning("wake_up_lost", task=task, queue=queue, error=type(error).__name__)


#: The file system's table of queues, read while another process writes it, is a ValueError.
ERRORS = (KombuError, ChannelError, OSError, ValueError)


class _Kept(threading.local):
    """What a thread last sent with, since connecting takes much longer than sending; and what that leads to."""

    producer: Any = None
    target: tuple[Any, ...] = ()


_kept = _Kept()


def _sent_as_before(task: str, queue: str, args: tuple[str, ...]) -> bool:
    """Send by the connection that there is. One that was idle may have ended unnoticed: then another one is needed."""
    producer, _kept.producer = _kept.producer, None
    if producer is None or _kept.target[0] != os.getpid():
        return False  # one that was inherited by a fork stays with who made it
    try:
        if _kept.target == _target():
            _send(producer, task, queue, args)
            _kept.producer, producer = producer, None
    except ERRORS:
        log.info("broker_connection_gone")
    if producer:
        producer.connection.release()
    return producer is None


def _send_anew(task: str, queue: str, args: tuple[str, ...]) -> None:
    target = _target()
    _process, url, options = target
    limits = {**options, **LIMITS.get(url.partition(":")[0], {}), "max_retries": 0}
    connection = Connection(url, connect_timeout=LIMIT_SECONDS, transport_options=limits)
    try:
        producer = current_app.amqp.Producer(connection, auto_declare=False)
        _send(producer, task, queue, args)
        _kept.producer, _kept.target = producer, target
    finally:
        if _kept.producer is None:
            connection.release()


def _target() -> tuple[int, str, dict[str, Any]]:
    """Return what a kept connection is good for: this process, and the broker that it is told to use."""
    conf = current_app.conf
    return os.getpid(), conf.broker_url, dict(conf.broker_transport_options or {})


def _send(producer: Any, task: str, queue: str, args: tuple[str, ...]) -> None:
    # A queue that was deleted meanwhile is declared anew: RabbitMQ would drop the message without a word.
    producer.connection.declared_entities.clear()
    current_app.send_task(
        task, args=args, queue=queue, producer=producer, retry=False, ignore_result=True, expires=60
    )


def _free(queue: str) -> int:
    """Return how many of the rows that came last could be taken now."""
    now, stopped = timezone.now(), halted.stopped()
    last = _last(halted.without(stopped, _due(queue, now))) if stopped else _LAST.all(queue=queue, now=now)
    return sum(free for (free,) in last)


def _last(rows: QuerySet[Operation]) -> QuerySet[Operation, Any]:
    return rows.annotate(free=is_free()).order_by("-not_before").values_list("free")[:LOOK]


def _due(queue: str | Param, now: datetime | Param) -> QuerySet[Operation]:
    return Operation.objects.filter(queue=queue, state=State.QUEUED, not_before__lte=now)


_LAST = Prepared(lambda: _last(_due(Param("queue", CharField()), Param("now", DateTimeField()))))


def is_due(queue: str) -> bool:
    """Say whether a row of the queue could run now, if its lane were free."""
    return halted.not_halted(_due(queue, timezone.now())).exists()

"""Prolonging leases while handlers run: one thread for all that a process runs, with a connection of its own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from django.db import DatabaseError, connection
from django.db.models import IntegerField, UUIDField
from django.utils import timezone

from core.prepared import Param, Prepared
from operations.claims import LEASE
from operations.models import Operation, State

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 5.0

_MINE = Prepared(
    lambda: Operation.objects.filter(
        pk=Param("pk", UUIDField()), fence=Param("fence", IntegerField()), state=State.RUNNING
    )
)


class Heartbeat:
    """Prolongs the lease of one attempt. When it has run for `limit`, calls `over_time` and prolongs no more."""

    def __init__(self, operation: Operation, limit: timedelta, over_time: Callable[[], None]) -> None:
        self._over_time = over_time
        self._mine: dict[str, Any] = {"pk": operation.pk, "fence": operation.fence}
        now = time.monotonic()
        self._ends, self._beats = now + limit.total_seconds(), now + HEARTBEAT_SECONDS

    @property
    def due(self) -> float:
        """When there is something to do next, on the monotonic clock."""
        return min(self._beats, self._ends)

    def act(self) -> bool:
        """Do what is due; return whether there will be more."""
        now = time.monotonic()
        if now >= self._ends:
            self._over_time()
            return False
        if now >= self._beats:
            self._beats = now + HEARTBEAT_SECONDS
            self._beat()
        return True

    def _beat(self) -> None:
        try:
            _MINE.update({"lease_until": timezone.now() + LEASE}, **self._mine)
        except DatabaseError as error:
            # The lease lasts for some more beats; a new connection may do better.
            log.warning("lease_not_prolonged", error=type(error).__name__)
            connection.close()

    def __enter__(self) -> Heartbeat:
        _clock().add(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _clock().remove(self)


class _Clock:
    """The thread of a process. It begins with a heartbeat, and ends when one would be due and there is none."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._beating: set[Heartbeat] = set()
        self._changed = threading.Condition()
        # When the thread looks next; None while there is no thread.
        self._looks: float | None = None

    def add(self, heartbeat: Heartbeat) -> None:
        with self._changed:
            self._beating.add(heartbeat)
            if self._looks is None:
                self._looks = heartbeat.due
                threading.Thread(target=self._run, daemon=True, name="leases").start()
            elif heartbeat.due < self._looks:
                self._changed.notify()

    def remove(self, heartbeat: Heartbeat) -> None:
        with self._changed:
            self._beating.discard(heartbeat)

    def _run(self) -> None:
        try:
            while self._rests():
                for heartbeat in self._due():
                    self._act(heartbeat)
        finally:
            connection.close()

    def _rests(self) -> bool:
        """Wait until something is due. False when there is nothing by then: the thread ends."""
        with self._changed:
            while True:
                if self._beating:
                    self._looks = min(heartbeat.due for heartbeat in self._beating)
                pause = (self._looks or 0.0) - time.monotonic()
                if pause <= 0:
                    break
                self._changed.wait(pause)
            if not self._beating:
                self._looks = None
            return self._looks is not None

    def _due(self) -> list[Heartbeat]:
        with self._changed:
            return [heartbeat for heartbeat in self._beating if heartbeat.due <= time.monotonic()]

    def _act(self, heartbeat: Heartbeat) -> None:
        """A mistake with one must not keep the others from being prolonged."""
        try:
            goes_on = heartbeat.act()
        except Exception:
            log.exception("heartbeat_crashed")
            goes_on = False
        if not goes_on:
            self.remove(heartbeat)


_clocks: list[_Clock] = []


def _clock() -> _Clock:
    """Return this process's own: a fork inherits neither thread nor locks."""
    if not _clocks or _clocks[0].process != os.getpid():
        _clocks[:] = [_Clock()]
    return _clocks[0]

"""In a worker of several processes, one is always free for what people wait for: deploys and readings share the others.

A seat is a lock on one byte of a file that the processes of a worker inherit: it is free again the moment its process
ends, however that happens.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from operations.registry import INTERACTIVE


@dataclass(frozen=True)
class Plan:
    """The seats of one worker. `file` None: no process can be kept free, so that one turns to people between rows."""

    queues: tuple[str, ...]
    seats: int
    file: int | None


_plan: Plan | None = None


def arrange(processes: int, queues: list[str]) -> None:
    """Arrange the seats of a worker before its pool forks. One that nobody waits for needs none."""
    global _plan  # noqa: PLW0603 - one worker, one arrangement
    background = tuple(queue for queue in queues if queue != INTERACTIVE)
    if INTERACTIVE not in queues or not background:
        _plan = None
        return
    file = _unnamed_file() if processes > 1 else None
    _plan = Plan(background, max(processes - 1, 1), file)


def _unnamed_file() -> int:
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def plan() -> Plan | None:
    """Return the arrangement of this worker; None outside of one, and where nothing has to be shared."""
    return _plan


@contextlib.contextmanager
def taken(arranged: Plan) -> Iterator[bool]:
    """Take a seat while there is one; say whether there was."""
    if arranged.file is None:
        yield True
        return
    seat = next((one for one in range(arranged.seats) if _lock(arranged.file, one)), None)
    try:
        yield seat is not None
    finally:
        if seat is not None:
            fcntl.lockf(arranged.file, fcntl.LOCK_UN, 1, seat)


def _lock(file: int, seat: int) -> bool:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, seat)
    except OSError:
        return False
    return True

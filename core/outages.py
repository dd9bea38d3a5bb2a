"""Telling an outage from a mistake: the database cannot be reached, or the disk is full."""

from __future__ import annotations

import enum
import errno
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError

FULL = (errno.ENOSPC, errno.EDQUOT)
#: In SQLite's words and in PostgreSQL's.
_FULL_WORDS = ("database or disk is full", "no space left on device")
#: SQLite calls these operational too, but they are mistakes of ours.
_MISTAKES = ("no such ", "near ", "incomplete input")


class Outage(enum.Enum):
    """What is missing."""

    DATABASE = "database"
    DISK = "disk"


def outage_of(error: BaseException | None) -> Outage | None:
    """Return the outage behind an error; None for anything else."""
    found = {_outage(each) for each in _chain(error)}
    return Outage.DISK if Outage.DISK in found else Outage.DATABASE if Outage.DATABASE in found else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _outage(error: BaseException) -> Outage | None:
    words = str(error).lower()
    if isinstance(error, OSError) and error.errno in FULL:
        return Outage.DISK
    if not isinstance(error, OperationalError | InterfaceError) or words.startswith(_MISTAKES):
        return None
    return Outage.DISK if any(full in words for full in _FULL_WORDS) else Outage.DATABASE

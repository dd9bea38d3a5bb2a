"""Refusals and failed sign-ins: recorded once a minute when they repeat, so that a loop cannot flood the record.

What a request refused is noted first and written when its answer has left: the transaction that was refused is rolled
back by then, and the time of the answer does not tell whether there was something to write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit.models import Chain, Event
from audit.record import NOTHING, Actor, Subject, record

log = structlog.get_logger(__name__)

ONCE_IN = timedelta(minutes=1)


@dataclass(frozen=True)
class Refused:
    """What was refused, to whom. Two are equal when every field is."""

    action: str
    team_id: UUID | None
    actor: Actor
    subject: Subject = NOTHING
    details: Mapping[str, Any] = field(default_factory=dict)


Finder = Callable[[], Iterable[Refused]]
_noted: ContextVar[list[Finder] | None] = ContextVar("refusals", default=None)


def note(refused: Refused) -> None:
    """Record it when the request's answer has left; outside a request at once."""
    find_later(lambda: [refused])


def find_later(find: Finder) -> None:
    """Find out what is to be recorded, and record it, when the request's answer has left; outside a request at once."""
    noted = _noted.get()
    if noted is None:
        _write_found(find)
    else:
        noted.append(find)


@contextmanager
def noting() -> Iterator[Callable[[], None]]:
    """Collect what is noted inside; yield the function that writes it."""
    noted: list[Finder] = []
    token = _noted.set(noted)
    try:
        yield lambda: _write_all(noted)
    finally:
        _noted.reset(token)


def write(refused: Refused) -> bool:
    """Record it, unless an equal one was recorded within the last minute."""
    if _is_repeated(refused):  # looked at before the chain is locked: a loop costs one read
        return False
    with transaction.atomic():
        Chain.objects.select_for_update().filter(key=str(refused.team_id or "")).first()
        if _is_repeated(refused):
            return False
        record(
            refused.action,
            team_id=refused.team_id,
            actor=refused.actor,
            subject=refused.subject,
            details=refused.details,
        )
    return True


def _is_repeated(refused: Refused) -> bool:
    lately = Event.objects.filter(
        chain=str(refused.team_id or ""),
        at__gt=timezone.now() - ONCE_IN,
        action=refused.action,
        actor_id=refused.actor.id,
        object_type=refused.subject.type,
        object_id=refused.subject.id,
    )
    return any(details == refused.details for details in lately.values_list("details", flat=True))


def _write_found(find: Finder) -> None:
    for refused in find():
        write(refused)


def _write_all(noted: list[Finder]) -> None:
    """Write them; the answer has left, so a database that does not take them can only be told to the log."""
    try:
        for find in noted:
            _write_found(find)
    except DatabaseError as error:
        log.error("refusal_not_recorded", error=type(error).__name__)
    noted.clear()

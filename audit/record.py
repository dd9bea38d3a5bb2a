"""The single writer of the audit record, and the check that nobody tampered with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.models import Chain, Event


@dataclass(frozen=True)
class Actor:
    """Who did it. `id` is empty for the system itself."""

    id: str
    label: str


SYSTEM = Actor("", "Run402 Panel")


@dataclass(frozen=True)
class Subject:
    """What it was done to."""

    type: str
    id: str
    label: str


NOTHING = Subject("", "", "")


def digest_of(event: Event) -> str:
    """Return the SHA-256 over the event's fields and its predecessor's digest, as lowercase hex."""
    fields = [
        event.chain_id,
        event.seq,
        event.at.isoformat(timespec="microseconds"),
        event.actor_id,
        event.actor_label,
        event.action,
        event.object_type,
        event.object_id,
        event.object_label,
        event.details,
        event.previous,
    ]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def record(
    action: str,
    *,
    team_id: UUID | None,
    actor: Actor,
    subject: Subject = NOTHING,
    details: Mapping[str, Any] | None = None,
) -> Event:
    """Append one event. Call it last inside the transaction that it describes: the chain's head stays locked.

    Raises `TransactionManagementError` outside a transaction, since an event without its change would be a lie.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "An audit event needs the transaction of what it records."
        )
    chain = _locked(str(team_id or ""))
    event = Event(
        chain=chain,
        seq=chain.seq + 1,
        at=timezone.now(),
        actor_id=actor.id,
        actor_label=actor.label[:200],
        action=action,
        object_type=subject.type,
        object_id=subject.id,
        object_label=subject.label[:200],
        details=dict(details or {}),
        previous=chain.head,
    )
    event.digest = digest_of(event)
    event.save(force_insert=True)
    chain.seq, chain.head = event.seq, event.digest
    chain.save(update_fields=["seq", "head"])
    return event


def _locked(key: str) -> Chain:
    """Return the chain's head, locked until the transaction ends; the first event of all makes it."""
    head = Chain.objects.select_for_update().filter(key=key)
    if found := head.first():
        return found
    Chain.objects.get_or_create(key=key)
    return head.get()


def first_broken(events: Iterable[Event]) -> Event | None:
    """Return the first event of one chain, oldest first, whose link or digest is wrong; None when all hold."""
    previous, seq = "", 0
    for event in events:
        if event.seq != seq + 1 or event.previous != previous or event.digest != digest_of(event):
            return event
        previous, seq = event.digest, event.seq
    return None


def broken_at(team_id: UUID | None) -> int | None:
    """Return the number of the first event of a chain that is wrong or missing; None when the record is whole.

    The chain's head tells how many there must be, so that the newest ones cannot be taken away unseen either.
    """
    chain = Chain.objects.filter(key=str(team_id or "")).first()
    events = Event.objects.filter(chain=str(team_id or "")).order_by("seq")
    if broken := first_broken(events.iterator()):
        return broken.seq
    last = events.last()
    seen = (last.seq, last.digest) if last else (0, "")
    if chain is None or seen == (chain.seq, chain.head):
        return None
    return seen[0] + 1

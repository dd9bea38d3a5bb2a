"""The single writer of the audit record."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.entries import link
from audit.models import Chain, Event, Mention
from core.prepared import Insert, Param, Prepared


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

#: The details whose values are ids of other things: the event is told on their pages too.
MENTIONED = frozenset({"wallet", "project", "operation", "deploy", "subject", "user"})


def digest_of(event: Event) -> str:
    """Return the digest that the event must have."""
    return link(event.previous, event.entry().body(event.chain_id))


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
        salt=secrets.token_hex(16),
        actor_salt=secrets.token_hex(16),
        object_salt=secrets.token_hex(16),
        previous=chain.head,
    )
    event.digest = digest_of(event)
    _EVENT(event)
    for key in _mentioned(event):
        _MENTION(Mention(event=event, key=key))
    _HEAD.update({"seq": event.seq, "head": event.digest}, key=chain.key)
    return event


def _locked(key: str) -> Chain:
    """Return the chain's head, locked until the transaction ends; the first event of all makes it."""
    found: Chain | None = _LOCKED.first(key=key)
    if found is None:
        Chain.objects.get_or_create(key=key)
        found = Chain.objects.select_for_update().get(key=key)
    return found


# Each operation has two entries at least.
_HEAD = Prepared(lambda: Chain.objects.filter(key=Param("key")))
_LOCKED = Prepared(lambda: Chain.objects.select_for_update().filter(key=Param("key")))
_EVENT, _MENTION = Insert(Event), Insert(Mention)


def _mentioned(event: Event) -> list[str]:
    """Return the ids that the event speaks of, each once."""
    told = (str(value) for name, value in event.details.items() if name in MENTIONED and value)
    return sorted({key for key in (event.object_id, *told) if 0 < len(key) <= 64})

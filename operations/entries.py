"""Entries of the audit record in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from audit import words
from audit.models import Event
from core.ui import money
from operations import selectors
from operations.registry import kind_label

NAMES = {
    "key": _("For"),
    "kind": _("Kind"),
    "amount_micros": _("Amount"),
    "per_payment_micros": _("At most at once"),
    "per_day_micros": _("At most in 24 hours"),
    "address": _("Address"),
    "version": _("Version of the limits"),
    "network": _("Network"),
    "release_id": _("Release"),
    "code": _("Why"),
    "reason": _("Why"),
    "note": _("Note"),
    "method": _("How"),
    "format": _("As"),
}
#: Ids of what the entry names already, or of what its operation's page shows.
UNSAID = frozenset({"operation", "wallet", "project", "deploy", "subject", "user", "restores"})


@dataclass(frozen=True)
class Entry:
    """One event of the audit record, with the operation it belongs to and `details` as (name, value) pairs."""

    event: Event
    action: str
    operation: str
    details: tuple[tuple[str, str], ...]


def entries(events: Iterable[Event]) -> tuple[Entry, ...]:
    """Return the events in words; one about an operation that went with its time leads nowhere."""
    told = [_entry(event) for event in events]
    there = selectors.there({entry.operation for entry in told if entry.operation})
    return tuple(entry if entry.operation in there else replace(entry, operation="") for entry in told)


def _entry(event: Event) -> Entry:
    operation = event.object_id if event.object_type == "operation" else event.details.get("operation", "")
    said = [
        (name, value)
        for name, value in event.details.items()
        if name not in UNSAID and value not in ("", None)
    ]
    details = tuple((_name(name), _value(name, value)) for name, value in said)
    return Entry(event, words.in_words(event.action), str(operation), details)


def _name(name: str) -> str:
    known = NAMES.get(name)
    return str(known) if known else str(capfirst(name.removesuffix("_micros").replace("_", " ")))


def _value(name: str, value: Any) -> str:
    if name == "kind":
        return kind_label(str(value))
    if name == "network":
        return money.network_name(str(value))
    if name.endswith("_micros") and isinstance(value, int):
        return money.usd(value, exact=True)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

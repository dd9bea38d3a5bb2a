"""Telling other rooms that an operation rests: that it has ended, or waits."""

from __future__ import annotations

import structlog
from django.db import transaction

from core.registry import outcome_listeners
from operations.models import Operation

log = structlog.get_logger(__name__)


def announce(operation: Operation) -> None:
    """Call whoever listens, within the transaction that writes the rest.

    A listener with a bug takes back its own rows only: what is told of an operation must not keep it from ending.
    """
    for name, listener in outcome_listeners.items():
        try:
            with transaction.atomic():
                listener(operation)
        except Exception:
            log.exception("outcome_listener_crashed", listener=name, operation=str(operation.pk))

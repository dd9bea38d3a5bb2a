"""What kinds of operation exist. Rooms add theirs in `handlers.py`; the engine knows none by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

from core.registry import Registry
from teams.permissions import Action

if TYPE_CHECKING:
    from operations.work import Work

Handler = Callable[["Work"], Mapping[str, Any] | None]

INTERACTIVE, DEPLOYS, SYNC = "interactive", "deploys", "sync"


@dataclass(frozen=True)
class Kind:
    """One kind of operation.

    `action` is the right that is asked for at submission and again in the worker. `mutates` decides the retry rule.
    `audited` kinds leave a trace when they end. `on_end` is told the row when it ended in failure or was cancelled.
    """

    name: str
    label: str | Promise
    action: Action
    handler: Handler
    queue: str = INTERACTIVE
    mutates: bool = True
    audited: bool = True
    on_end: Callable[[Any], None] | None = None


kinds: Registry[Kind] = Registry("kind of operation")


def kind_label(name: str) -> str:
    """Return a kind's label; a kind that this version no longer has is named as it was stored."""
    return str(kinds.get(name).label) if name in kinds else name


def kind(
    name: str,
    label: str | Promise,
    *,
    action: Action,
    queue: str = INTERACTIVE,
    mutates: bool = True,
    audited: bool = True,
    on_end: Callable[[Any], None] | None = None,
) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of a kind."""

    def decorate(handler: Handler) -> Handler:
        kinds.add(name, Kind(name, label, action, handler, queue, mutates, audited, on_end))
        return handler

    return decorate

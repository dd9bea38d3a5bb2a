"""What is stopped stays in line: the filter of whoever takes rows from it, or asks what could be taken."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q, QuerySet

from operations.models import Operation, State
from operations.registry import kinds
from wallets import halts
from wallets.models import Halt


def not_halted(rows: QuerySet[Operation]) -> QuerySet[Operation]:
    """Leave out what is stopped now. The few halts are read first, so that a long line costs nothing more."""
    return without(stopped(), rows)


def stopped() -> list[Halt]:
    """Return what is stopped now."""
    return halts.all_active()


def without(halted: Collection[Halt], rows: QuerySet[Operation]) -> QuerySet[Operation]:
    """Leave out what the halts stop."""
    return rows.exclude(of(halted) & ~Q(kind__in=runs_on())) if halted else rows


def of(halted: Iterable[Halt]) -> Q:
    """Return the condition on operations that the halts stop, but for the kinds that run on; at least one halt."""
    found = Q()
    for halt in halted:
        if halt.scope == Halt.Scope.EVERYTHING:
            return Q(pk__isnull=False)
        found |= Q(team=halt.team_id) if halt.team_id else Q(gateway=halt.gateway_id, gateway__isnull=False)
    return found


def runs_on() -> list[str]:
    """Return the kinds that a halt does not stop: they find out the truth, or only make things safer."""
    return [kind.name for kind in kinds if kind.runs_halted]


def halt_of(operation: Operation) -> Halt | None:
    """Return the halt that keeps the operation from going on."""
    if operation.kind in kinds and kinds.get(operation.kind).runs_halted:
        return None
    return halts.active_for(operation.team_id, operation.gateway_id)


def why_queued(operation: Operation) -> str:
    """Return the sentence about the halt that keeps a queued operation in line; nothing when none does."""
    halt = halt_of(operation) if operation.state == State.QUEUED else None
    return halts.said(halt) if halt else ""

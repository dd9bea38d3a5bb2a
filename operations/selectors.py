"""Named reads of operations. Each is scoped by what its reader reaches; workers read with the reach of a whole team."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from core.counting import counts
from operations.models import ACTIVE, Operation, OperationEvent, State, WorkerPulse
from operations.registry import DEPLOYS, kinds
from teams.models import Membership
from teams.permissions import Action, demand
from teams.reach import Reach
from wallets.models import Gateway

SILENT_AFTER = timedelta(seconds=5)


def operations_of(reach: Reach) -> QuerySet[Operation]:
    """Return the operations within reach, newest first: one on a project with a wallet needs both."""
    within = reach.q_or_none(project="project_id", wallet="wallet_id")
    return Operation.objects.filter(within).select_related("actor", "gateway", "wallet")


def at(operations: QuerySet[Operation], gateway: Gateway) -> QuerySet[Operation]:
    """Return those at a gateway, with those that no gateway has to do with."""
    return operations.filter(Q(gateway=gateway) | Q(gateway=None))


def operation_for(membership: Membership, operation_id: UUID, action: Action = Action.VIEW) -> Operation:
    """Return one operation for a member who wants to do `action`: 404 out of reach, 403 without the right."""
    operation = operations_of(membership.reach).filter(pk=operation_id).first()
    if operation is None:
        raise Http404("no such operation")
    demand(membership, action)
    return operation


def operation_to_stop(membership: Membership, operation_id: UUID) -> Operation:
    """Return one operation for a member who wants to cancel it: whoever may start its kind may."""
    operation = operation_for(membership, operation_id)
    if operation.kind not in kinds:
        raise Http404("no worker knows this kind any more")
    demand(membership, kinds.get(operation.kind).action)
    return operation


def matching(reach: Reach, gateway: Gateway, *, state: str, kind: str, text: str) -> QuerySet[Operation]:
    """Return the operations that a filter leaves. An empty value filters nothing; state “active” means not ended."""
    found = at(operations_of(reach), gateway)
    if state:
        found = found.filter(state__in=ACTIVE) if state == "active" else found.filter(state=state)
    if kind:
        found = found.filter(kind=kind)
    if text:
        found = found.filter(Q(title__icontains=text) | Q(actor_label__icontains=text))
    return found


def active_for(reach: Reach, subject_id: UUID) -> list[Operation]:
    """Return what is in line or running for one thing, oldest first."""
    return list(operations_of(reach).filter(subject_id=subject_id, state__in=ACTIVE).order_by("created_at"))


def latest_for(reach: Reach, subject_id: UUID, kind: str) -> Operation | None:
    """Return the newest operation of a kind for one thing."""
    return operations_of(reach).filter(subject_id=subject_id, kind=kind).first()


def place_in_line(operation: Operation) -> int:
    """Return how many operations of the same lane run or stand before this one, counted up to a thousand."""
    return sum(counts(*_before(operation)))


def next_before(operation: Operation) -> Operation | None:
    """Return what has to end before this one's turn comes: the last of those before it in its lane."""
    running, queued = _before(operation)
    return queued.order_by("-created_at").first() or running.first()


def _before(operation: Operation) -> tuple[QuerySet[Operation], QuerySet[Operation]]:
    """Return what runs, and what stands before a queued operation, in its lane (a lane belongs to one team)."""
    lane = Operation.objects.filter(lane=operation.lane, team_id=operation.team_id).exclude(lane="")
    if operation.state != State.QUEUED:
        lane = lane.none()
    queued = lane.filter(state=State.QUEUED, created_at__lt=operation.created_at)
    return lane.filter(state=State.RUNNING), queued


def events_after(operation: Operation, seq: int) -> list[OperationEvent]:
    """Return the events that a page has not shown yet."""
    return list(operation.events.filter(seq__gt=seq))


def last_message(operation: Operation) -> str:
    """Return what the operation said last, or nothing."""
    last = operation.events.order_by("-seq").first()
    return last.message if last else ""


def worker_is_silent() -> bool:
    """Say whether no worker has been alive for five seconds."""
    return not alive_workers().exists()


def alive_workers() -> QuerySet[WorkerPulse]:
    """Return the workers that were alive within the last five seconds."""
    return WorkerPulse.objects.filter(at__gte=timezone.now() - SILENT_AFTER)


def workers_without_keys() -> tuple[list[WorkerPulse], int]:
    """Return the live workers that cannot unlock or check limits, and how many are alive in all."""
    alive = list(alive_workers().order_by("name"))
    return [pulse for pulse in alive if not (pulse.unlocks and pulse.checks_limits)], len(alive)


def deploys_under_way(reach: Reach) -> tuple[int, int]:
    """Return how many in the queue of deploys wait for a person, and how many run or stand in line."""
    deploys = operations_of(reach).filter(queue=DEPLOYS).select_related(None)
    each = (deploys.filter(state=state) for state in (State.WAITING, State.RUNNING, State.QUEUED))
    waiting, running, queued = counts(*each)
    return waiting, running + queued

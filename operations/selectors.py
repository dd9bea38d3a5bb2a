"""Named reads of operations. Each is scoped by what its reader reaches; workers read with the reach of a whole team."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.http import Http404
from django.utils import timezone

from core.counting import Counted
from core.prepared import Param
from operations.models import (
    ACTIVE,
    Approval,
    Operation,
    OperationEvent,
    OperationRequest,
    State,
    WorkerPulse,
)
from operations.registry import DEPLOYS, kinds
from teams.models import Membership
from teams.permissions import Action, demand
from teams.reach import Reach
from wallets.models import Gateway, Payment

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SILENT_AFTER = timedelta(seconds=5)


def operations_of(reach: Reach) -> QuerySet[Operation]:
    """Return the operations within reach, newest first: one on a project with a wallet needs both."""
    within = reach.q_or_none(project="project_id", wallet="wallet_id")
    return Operation.objects.filter(within).select_related("actor", "gateway", "wallet")


def approvals_of(reach: Reach) -> QuerySet[Approval]:
    """Return the requests for approvals of operations within reach, newest first; only the latest of each operation."""
    within = operations_of(reach).order_by().values("pk")
    rows = Approval.objects.filter(operation__in=within).exclude(state=Approval.State.REPLACED)
    return rows.select_related("operation")


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


def there(ids: Collection[str]) -> set[str]:
    """Return those of the ids whose operation is kept still: the audit record names them for longer."""
    known = {one for one in ids if _UUID.fullmatch(one)}
    rows = Operation.objects.filter(pk__in=known).values_list("pk", flat=True) if known else ()
    return {str(pk) for pk in rows}


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
    """Return the newest operation of a kind for one thing.

    A page reads it before that thing. The other way round, what it writes in between would be shown as it was before,
    and nothing would load the page anew.
    """
    return operations_of(reach).filter(subject_id=subject_id, kind=kind).first()


def place_in_lane(operation: Operation, most: int) -> tuple[int, dict[str, Any] | None]:
    """Return how many run or stand before a queued operation in its lane, and the last of them.

    A lane belongs to one team, but may hold what the reader does not reach: say no more of that one than its kind.
    Counted are `most` at most, by what the index of lanes holds.
    """
    # That a lane has a name is said once more: SQLite leaves the index alone otherwise, which has no rows without one.
    lane = Operation.objects.filter(team_id=operation.team_id, lane=operation.lane).exclude(lane="")
    earlier = lane.filter(state=State.QUEUED, created_at__lt=operation.created_at)
    running = lane.filter(state=State.RUNNING).exclude(pk=operation.pk)
    told = JSONObject(title="title", kind="kind", project_id="project_id")
    last = earlier.order_by("-created_at").values_list(told)[:1]
    found = Operation.objects.filter(pk=operation.pk).values_list(
        Counted(earlier, most, by="created_at"),
        Counted(running, 1),
        Subquery(last),
        Subquery(running.values_list(told)[:1]),
    )
    count, runs, queued, begun = found.first() or (0, 0, None, None)  # it may be gone by now
    return min(count + runs, most), queued or begun


def requests_of(operation: Operation) -> QuerySet[OperationRequest]:
    """Return the requests of an operation in the order in which they were sent."""
    return operation.requests.order_by("id")


def payment_of(operation: Operation) -> Payment | None:
    """Return the payment that an operation made or may have made."""
    return Payment.objects.filter(operation_id=operation.pk).first()


def operation_to_decide(
    membership: Membership, operation_id: UUID, may: Callable[[Operation, Membership], bool]
) -> Operation:
    """Return one operation for a member who wants to say what becomes of it, if `may` lets their role."""
    operation = operation_for(membership, operation_id)
    if not may(operation, membership):
        demand(
            membership, kinds.get(operation.kind).action if operation.kind in kinds else Action.MEMBERS_MANAGE
        )
    return operation


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


def alive_workers(since: datetime | Param | None = None) -> QuerySet[WorkerPulse]:
    """Return the workers that were alive within the last five seconds, or `since` then."""
    return WorkerPulse.objects.filter(at__gte=since or timezone.now() - SILENT_AFTER)


def somebody_pays_by_mpp() -> bool:
    """Say whether a worker is alive that has what paying by MPP needs."""
    return alive_workers().filter(pays_by_mpp=True).exists()


def deploys_of(reach: Reach) -> QuerySet[Operation]:
    """Return what is in the queue of deploys within reach."""
    return operations_of(reach).filter(queue=DEPLOYS).select_related(None)

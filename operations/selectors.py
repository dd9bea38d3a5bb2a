"""Named reads of operations. Each is scoped by team."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from operations.models import ACTIVE, Operation, State, WorkerPulse
from teams.models import Team

SILENT_AFTER = timedelta(seconds=5)


def operations_of(team: Team) -> QuerySet[Operation]:
    """Return the team's operations, newest first."""
    return Operation.objects.filter(team=team).select_related("actor", "gateway", "wallet")


def operation_or_404(team: Team, operation_id: UUID) -> Operation:
    """Return one operation of the team."""
    operation = operations_of(team).filter(pk=operation_id).first()
    if operation is None:
        raise Http404("no such operation")
    return operation


def active_for(team: Team, subject_id: UUID) -> list[Operation]:
    """Return what is in line or running for one thing, oldest first."""
    return list(operations_of(team).filter(subject_id=subject_id, state__in=ACTIVE).order_by("created_at"))


def latest_for(team: Team, subject_id: UUID, kind: str) -> Operation | None:
    """Return the newest operation of a kind for one thing."""
    return operations_of(team).filter(subject_id=subject_id, kind=kind).first()


def place_in_line(operation: Operation) -> int:
    """Return how many operations of the same lane run or stand before this one."""
    if operation.state != State.QUEUED or not operation.lane:
        return 0
    lane = Operation.objects.filter(lane=operation.lane).exclude(pk=operation.pk)
    running = lane.filter(state=State.RUNNING).count()
    return running + lane.filter(state=State.QUEUED, created_at__lt=operation.created_at).count()


def worker_is_silent() -> bool:
    """Say whether no worker has been alive for five seconds."""
    return not WorkerPulse.objects.filter(at__gte=timezone.now() - SILENT_AFTER).exists()


def deploy_states(team: Team) -> QuerySet[Operation, str]:
    """Return the states of what is under way in the queue of deploys."""
    active = Operation.objects.filter(team=team, queue="deploys", state__in=ACTIVE)
    return active.values_list("state", flat=True)

"""Named reads of projects. Each is scoped by what its reader reaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from operations import selectors as operation_selectors
from operations.models import ACTIVE, Operation, Reason, State
from operations.registry import kinds
from projects.models import Project
from teams.models import Membership, Team
from teams.permissions import Action, allows, demand, demand_reach, may_with
from teams.reach import Reach
from wallets.models import Gateway

STALE_AFTER = timedelta(seconds=60)
PROVISION, SYNC, REVEAL = "project.provision", "project.sync", "project.reveal"
ADOPT, DELETE = "project.adopt", "project.delete"
#: So many attempts to make or to delete are looked through for the newest of each.
MOST_CHANGES = 20


def projects_of(reach: Reach, gateway: Gateway | None = None) -> QuerySet[Project]:
    """Return the projects within reach by name, at one gateway or at all; deleted ones too: history names them."""
    projects = Project.objects.filter(reach.q(project="pk"))
    projects = projects.select_related("gateway", "wallet", "created_by", "team")
    return projects.filter(gateway=gateway) if gateway else projects


def current(reach: Reach, gateway: Gateway | None = None) -> QuerySet[Project]:
    """Return those that are not deleted."""
    return projects_of(reach, gateway).exclude(state=Project.State.DELETED)


def names_of(team: Team) -> list[tuple[UUID, str]]:
    """Return all projects of the team with their gateways, by name: for choosing what a member reaches."""
    rows = current(Reach(team.pk)).order_by("name").values_list("pk", "name", "gateway__name")
    return [(pk, f"{name} ({gateway})") for pk, name, gateway in rows]


def matching(reach: Reach, text: str) -> QuerySet[Project]:
    """Return the projects at all gateways whose name, address or id holds `text`; all for an empty one."""
    return holding(current(reach), reach, text)


def holding(projects: QuerySet[Project], reach: Reach, text: str) -> QuerySet[Project]:
    """Return those of the projects whose name, address, id or wallet holds `text`; all for an empty one."""
    if not text:
        return projects
    paid_by = reach.q(wallet="wallet_id") & Q(wallet__label__icontains=text)
    return projects.filter(
        paid_by | Q(name__icontains=text) | Q(live_url__icontains=text) | Q(remote_id__icontains=text)
    )


def newest_live_first(reach: Reach, gateway: Gateway) -> QuerySet[Project]:
    """Return the projects at one gateway, those that were changed last on top."""
    return current(reach, gateway).order_by(F("live_at").desc(nulls_last=True), "-created_at")


def project_for(membership: Membership, project_id: UUID, action: Action = Action.VIEW) -> Project:
    """Return one project for a member who wants to do `action`: 404 out of reach, 403 without the right.

    Looking needs the project. Everything else signs with its wallet, which has to be within reach too, and a deleted
    one can be looked at only.
    """
    project = projects_of(membership.reach).filter(pk=project_id).first()
    if project is None:
        raise Http404("no such project")
    demand(membership, action)
    if action is not Action.VIEW:
        if project.is_deleted:
            raise Http404("deleted")
        demand_reach(membership, wallet_id=project.wallet_id, action=action)
    return project


def may_work_on(project: Project, membership: Membership, action: Action) -> bool:
    """Say whether `project_for` would let the member do it: for buttons."""
    reaches = not project.is_deleted and membership.reach.covers(project.pk, project.wallet_id)
    return allows(membership.role, action) and reaches and may_with(membership, project.wallet_id, action)


def is_stale(project: Project) -> bool:
    """Say whether the mirror is older than a minute, or was never read."""
    return project.synced_at is None or project.synced_at < timezone.now() - STALE_AFTER


@dataclass(frozen=True)
class Doings:
    """What was asked about a project itself, the newest of each: making or adopting it, deleting it, reading it."""

    making: Operation | None
    deletion: Operation | None
    refresh: Operation | None


def doings_of(team_id: UUID, project_id: UUID) -> Doings:
    """Return the newest of each kind. A page reads this before the project.

    The other way round, what one of them writes in between would be shown as it was before, and nothing would load the
    page anew.
    """
    changes = _operations(team_id, project_id).filter(kind__in=(PROVISION, ADOPT, DELETE))[:MOST_CHANGES]
    newest: dict[bool, Operation] = {}
    for operation in changes:
        newest.setdefault(operation.kind == DELETE, operation)
    return Doings(newest.get(False), newest.get(True), last_refresh(team_id, project_id))


def in_review(project: Project) -> Operation | None:
    """Return the attempt to make the project that waits for somebody to find out what became of it."""
    waits = _operations(project.team_id, project.pk).filter(
        kind=PROVISION, state=State.WAITING, reason=Reason.REVIEW
    )
    return waits.first()


def active_of(project: Project) -> QuerySet[Operation]:
    """Return what people asked for that is to be done to the project and has not ended."""
    found = operation_selectors.operations_of(Reach(project.team_id))
    return found.filter(project_id=project.pk, state__in=ACTIVE, actor__isnull=False)


def last_refresh(team_id: UUID, project_id: UUID) -> Operation | None:
    """Return the newest refresh, or look-up, of a project; to be read before the project, as `doings_of` says."""
    return _operations(team_id, project_id).filter(kind=SYNC).first()


def recent_operations(project: Project, reach: Reach, most: int = 6) -> list[Operation]:
    """Return what people lately had done to the project, as far as it is within reach. Questions change nothing."""
    asked = operation_selectors.operations_of(reach).filter(project_id=project.pk, actor__isnull=False)
    questions = [kind.name for kind in kinds if not kind.mutates and not kind.audited]
    return list(asked.exclude(kind__in=questions)[:most])


def _operations(team_id: UUID, project_id: UUID) -> QuerySet[Operation]:
    return operation_selectors.operations_of(Reach(team_id)).filter(subject_id=project_id)

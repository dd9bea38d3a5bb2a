"""Named reads of projects. Each is scoped by what its reader reaches."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from operations import selectors as operation_selectors
from operations.models import ACTIVE, Operation, Reason, State
from projects.models import Project
from teams.models import Membership, Team
from teams.permissions import Action, allows, demand, demand_reach, may_with
from teams.reach import Reach
from wallets.models import Gateway

STALE_AFTER = timedelta(seconds=60)
PROVISION, SYNC, REVEAL = "project.provision", "project.sync", "project.reveal"


def projects_of(reach: Reach, gateway: Gateway | None = None) -> QuerySet[Project]:
    """Return the projects within reach by name, at one gateway or at all."""
    projects = Project.objects.filter(reach.q(project="pk"))
    projects = projects.select_related("gateway", "wallet", "created_by", "team")
    return projects.filter(gateway=gateway) if gateway else projects


def names_of(team: Team) -> list[tuple[UUID, str]]:
    """Return all projects of the team with their gateways, by name: for choosing what a member reaches."""
    rows = projects_of(Reach(team.pk)).order_by("name").values_list("pk", "name", "gateway__name")
    return [(pk, f"{name} ({gateway})") for pk, name, gateway in rows]


def matching(reach: Reach, gateway: Gateway, text: str) -> QuerySet[Project]:
    """Return the projects at one gateway whose name, address or id holds `text`; all for an empty one."""
    projects = projects_of(reach, gateway)
    if not text:
        return projects
    paid_by = reach.q(wallet="wallet_id") & Q(wallet__label__icontains=text)
    return projects.filter(
        paid_by | Q(name__icontains=text) | Q(live_url__icontains=text) | Q(remote_id__icontains=text)
    )


def newest_live_first(reach: Reach, gateway: Gateway) -> QuerySet[Project]:
    """Return the projects at one gateway, those that were changed last on top."""
    return projects_of(reach, gateway).order_by(F("live_at").desc(nulls_last=True), "-created_at")


def project_for(membership: Membership, project_id: UUID, action: Action = Action.VIEW) -> Project:
    """Return one project for a member who wants to do `action`: 404 out of reach, 403 without the right.

    Looking needs the project. Everything else signs with its wallet, which has to be within reach too.
    """
    project = projects_of(membership.reach).filter(pk=project_id).first()
    if project is None:
        raise Http404("no such project")
    demand(membership, action)
    if action is not Action.VIEW:
        demand_reach(membership, wallet_id=project.wallet_id, action=action)
    return project


def may_work_on(project: Project, membership: Membership, action: Action) -> bool:
    """Say whether `project_for` would let the member do it: for buttons."""
    reaches = membership.reach.covers(project.pk, project.wallet_id)
    return allows(membership.role, action) and reaches and may_with(membership, project.wallet_id, action)


def is_stale(project: Project) -> bool:
    """Say whether the mirror is older than a minute, or was never read."""
    return project.synced_at is None or project.synced_at < timezone.now() - STALE_AFTER


def under_way(project: Project) -> Operation | None:
    """Return the refresh that is under way, if there is one."""
    return _operations(project).filter(kind=SYNC, state__in=ACTIVE).first()


def making(project: Project) -> Operation | None:
    """Return the newest attempt to make the project."""
    return _operations(project).filter(kind=PROVISION).first()


def in_review(project: Project) -> Operation | None:
    """Return the attempt to make the project that waits for somebody to find out what became of it."""
    waits = _operations(project).filter(kind=PROVISION, state=State.WAITING, reason=Reason.REVIEW)
    return waits.first()


def last_refresh(project: Project) -> Operation | None:
    """Return the newest refresh, or look-up, of the project."""
    return _operations(project).filter(kind=SYNC).first()


def recent_operations(project: Project, reach: Reach, most: int = 6) -> list[Operation]:
    """Return what people lately had done to the project, as far as it is within reach."""
    asked = operation_selectors.operations_of(reach).filter(project_id=project.pk, actor__isnull=False)
    return list(asked[:most])


def _operations(project: Project) -> QuerySet[Operation]:
    return operation_selectors.operations_of(Reach(project.team_id)).filter(subject_id=project.pk)

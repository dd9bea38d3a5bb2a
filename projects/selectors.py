"""Named reads of projects. Each is scoped by team."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from operations import selectors as operation_selectors
from operations.models import ACTIVE, Operation
from projects.models import Project
from teams.models import Team
from wallets.models import Gateway

STALE_AFTER = timedelta(seconds=60)
PROVISION, SYNC, REVEAL = "project.provision", "project.sync", "project.reveal"


def projects_of(team: Team, gateway: Gateway | None = None) -> QuerySet[Project]:
    """Return the team's projects by name, at one gateway or at all."""
    projects = Project.objects.filter(team=team).select_related("gateway", "wallet", "created_by")
    return projects.filter(gateway=gateway) if gateway else projects


def matching(team: Team, gateway: Gateway, text: str) -> QuerySet[Project]:
    """Return the projects at one gateway whose name, address or id holds `text`; all for an empty one."""
    projects = projects_of(team, gateway)
    if not text:
        return projects
    named = Q(name__icontains=text) | Q(wallet__label__icontains=text)
    return projects.filter(named | Q(live_url__icontains=text) | Q(remote_id__icontains=text))


def newest_live_first(team: Team, gateway: Gateway) -> QuerySet[Project]:
    """Return the projects at one gateway, those that were changed last on top."""
    return projects_of(team, gateway).order_by(F("live_at").desc(nulls_last=True), "-created_at")


def project_or_404(team: Team, project_id: UUID) -> Project:
    """Return one project of the team."""
    project = projects_of(team).filter(pk=project_id).first()
    if project is None:
        raise Http404("no such project")
    return project


def is_stale(project: Project) -> bool:
    """Say whether the mirror is older than a minute, or was never read."""
    return project.synced_at is None or project.synced_at < timezone.now() - STALE_AFTER


def under_way(project: Project) -> Operation | None:
    """Return the refresh that is under way, if there is one."""
    return _operations(project).filter(kind=SYNC, state__in=ACTIVE).first()


def making(project: Project) -> Operation | None:
    """Return the newest attempt to make the project."""
    return _operations(project).filter(kind=PROVISION).first()


def last_refresh(project: Project) -> Operation | None:
    """Return the newest refresh, or look-up, of the project."""
    return _operations(project).filter(kind=SYNC).first()


def recent_operations(project: Project, most: int = 6) -> list[Operation]:
    """Return what people lately had done to the project."""
    asked = operation_selectors.operations_of(project.team).filter(project_id=project.pk, actor__isnull=False)
    return list(asked[:most])


def _operations(project: Project) -> QuerySet[Operation]:
    return operation_selectors.operations_of(project.team).filter(subject_id=project.pk)

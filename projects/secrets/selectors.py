"""Named reads of secrets: names, what asks for them, and what is under way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from core.registry import SecretNeed, secret_needs
from operations.models import ACTIVE, Operation, State
from projects.models import Project
from projects.secrets.models import Secret
from projects.selectors import projects_of
from teams.models import Membership
from teams.reach import Reach
from wallets.models import Gateway

SET, DELETE, SYNC = "secrets.set", "secret.delete", "secrets.sync"
STALE_AFTER = timedelta(seconds=60)


def secrets_url(project: Project) -> str:
    """Return the address of a project's secrets."""
    return reverse("projects:secrets", args=[project.pk])


def secrets_of(project: Project) -> list[Secret]:
    """Return the names that are set, in order."""
    return list(Secret.objects.filter(project=project))


def needs_of(project: Project, membership: Membership) -> list[SecretNeed]:
    """Return what rooms above know to require secrets, as far as the member may see it."""
    return needs_of_all([project], membership).get(project.pk, [])


def needs_of_all(projects: Sequence[Project], membership: Membership) -> dict[UUID, list[SecretNeed]]:
    """Return the same for several projects, by their ids."""
    found: dict[UUID, list[SecretNeed]] = defaultdict(list)
    for source in secret_needs:
        for project_id, needs in source(projects, membership).items():
            found[project_id] += needs
    return found


def secrets_of_all(projects: Sequence[Project]) -> list[Secret]:
    """Return the names that are set in any of them, in order."""
    return list(Secret.objects.filter(project__in=projects))


def with_secrets(reach: Reach, gateway: Gateway | None = None) -> QuerySet[Project]:
    """Return the projects within reach that can have secrets by name, at one gateway or at all."""
    return projects_of(reach, gateway).filter(state=Project.State.READY).exclude(remote_id="")


def changes_under_way(project: Project) -> list[Operation]:
    """Return the operations that set or delete, and have not ended, newest first."""
    return list(_operations(project, SET, DELETE).filter(state__in=ACTIVE))


def last_sync(team_id: UUID, project_id: UUID) -> Operation | None:
    """Return the newest reading of a project's names. It is read before the project, which says when they were read."""
    return _of(team_id, project_id, SYNC).first()


def last_change(project: Project) -> Operation | None:
    """Return what was set or deleted last, or is about to be."""
    return _operations(project, SET, DELETE).first()


def changed_since(project: Project, moment: datetime) -> bool:
    """Say whether something sets or deletes, or did since the moment: a list read meanwhile may be old."""
    going = Q(state=State.RUNNING) | Q(finished_at__gte=moment)
    return _operations(project, SET, DELETE).filter(going).exists()


def is_stale(project: Project, sync: Operation | None) -> bool:
    """Say whether the names should be read again; a reading under way or a fresh one, failed or not, is enough."""
    since = timezone.now() - STALE_AFTER
    if project.secrets_at is not None and project.secrets_at >= since:
        return False
    if sync is None:
        return True
    return not sync.is_active and (sync.finished_at is None or sync.finished_at < since)


def found_secrets(reach: Reach, text: str) -> QuerySet[Secret]:
    """Return the secrets of projects within reach whose name holds the text; a deleted project has none."""
    projects = Project.objects.filter(reach.q(project="pk"))
    projects = projects.exclude(state=Project.State.DELETED)
    return Secret.objects.filter(project__in=projects, key__icontains=text).select_related("project")


def _operations(project: Project, *kinds: str) -> QuerySet[Operation]:
    return _of(project.team_id, project.pk, *kinds)


def _of(team_id: UUID, project_id: UUID, *kinds: str) -> QuerySet[Operation]:
    found = Operation.objects.filter(team_id=team_id, subject_id=project_id, kind__in=kinds)
    return found.order_by("-created_at")

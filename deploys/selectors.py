"""Named reads of deploys and releases, scoped by what their reader reaches.

Lists leave the large documents in the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Subquery, UUIDField
from django.http import Http404
from django.utils import timezone

from core.prepared import Param, Prepared
from deploys.models import Deploy, Release
from operations.models import ACTIVE, Operation, OperationEvent, State
from operations.selectors import SILENT_AFTER, alive_workers
from projects.models import Project
from projects.selectors import project_for
from teams.models import Membership
from teams.permissions import Action, demand
from teams.reach import Reach
from wallets import halts
from wallets.models import Gateway

STALE_AFTER = timedelta(seconds=60)
LOOKS = ("state", "phase", "done", "total", "attempts", "cancel_requested", "reason")
#: A page whose deploy tells nothing new is drawn again this often: one in line for its place, and one that runs for the
#: widths of its phases; elapsed.js counts on the seconds.
LINE_SECONDS, CLOCK_SECONDS = 10, 60
_LARGE = ("spec", "reviewed_plan", "plan", "source__files", "source__manifest", "source__left_out")
_LARGE_OF_RELEASE = ("archive", "inventory")


def _within(reach: Reach) -> Q:
    """A deploy is an operation of its project with the project's wallet: both have to be within reach."""
    return reach.q(project="project_id", wallet="project__wallet_id")


def deploys_of(reach: Reach, gateway: Gateway | None = None) -> QuerySet[Deploy]:
    """Return the deploys within reach, newest first, without their documents."""
    deploys = Deploy.objects.filter(_within(reach)).select_related(
        "project", "source", "operation", "created_by", "restores", "release"
    )
    deploys = deploys.defer(
        *_LARGE, *(f"{name}__{field}" for name in ("restores", "release") for field in _LARGE_OF_RELEASE)
    )
    return deploys.filter(project__gateway=gateway) if gateway else deploys


def filtered(deploys: QuerySet[Deploy], *, state: str, project: UUID | None, query: str) -> QuerySet[Deploy]:
    """Narrow a list of deploys by what its address says."""
    if state in State.values:
        deploys = deploys.filter(operation__state=state)
    if project:
        deploys = deploys.filter(project_id=project)
    if query:
        found = Q(project__name__icontains=query) | Q(source__name__icontains=query)
        deploys = deploys.filter(found | Q(operation__actor_label__icontains=query))
    return deploys


def deploy_for(membership: Membership, deploy_id: UUID, action: Action = Action.VIEW) -> Deploy:
    """Return one deploy for a member who wants to do `action`: 404 out of reach, 403 without the right.

    It comes with its plans; the trees of files are read only when somebody asks for them.
    """
    deploys = Deploy.objects.filter(_within(membership.reach)).select_related(
        "project__gateway",
        "project__wallet__policy",
        "project__team",
        "source",
        "operation__actor",
        "created_by",
    )
    deploys = deploys.select_related("restores__project", "release").defer(
        "spec",
        "source__files",
        *(f"{name}__{field}" for name in ("restores", "release") for field in _LARGE_OF_RELEASE),
    )
    deploy = deploys.filter(pk=deploy_id).first()
    if deploy is None:
        raise Http404("no such deploy")
    demand(membership, action)
    return deploy


@dataclass(frozen=True)
class Look:
    """What the page of a deploy under way depends on, as one word; whether no worker answers; how old the deploy is."""

    word: str
    worker_silent: bool
    age: timedelta


def look_of(membership: Membership, deploy_id: UUID) -> Look:
    """Return how a deploy looks now, in one query; the times on its page pass, so the word changes with them.

    Raises Http404 out of reach.
    """
    now, reach = timezone.now(), membership.reach
    since = now - SILENT_AFTER
    if reach == Reach(reach.team_id):
        row = _LOOK.first(team=reach.team_id, deploy=deploy_id, since=since)
    else:
        row = _look(reach, deploy_id, since).first()
    if row is None:
        raise Http404("no such deploy")
    answered, created_at, not_before, state, *_ = row
    in_line = state == State.QUEUED
    silent = in_line and not answered and now - max(created_at, not_before) >= SILENT_AFTER
    clock = LINE_SECONDS if in_line else CLOCK_SECONDS
    facts = (*row[1:], silent, (now - created_at) // timedelta(seconds=clock))
    word = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    return Look(word, not answered, now - created_at)


def _look(reach: Reach, deploy_id: UUID | Param, since: datetime | Param) -> QuerySet[Deploy, Any]:
    """Whether a worker answers, then all that the page depends on."""
    last = OperationEvent.objects.filter(operation=OuterRef("operation")).order_by("-seq").values("seq")[:1]
    fields = (f"operation__{name}" for name in ("created_at", "not_before", *LOOKS))
    found = Deploy.objects.filter(_within(reach), pk=deploy_id)
    return found.values_list(Exists(alive_workers(since)), *fields, Exists(halts.active()), Subquery(last))


# What every tab asks again and again.
_LOOK = Prepared(
    lambda: _look(
        Reach(cast(UUID, Param("team", UUIDField()))),
        Param("deploy", UUIDField()),
        Param("since", DateTimeField()),
    )
)


def events_of(operation: Operation | None) -> list[OperationEvent]:
    """Return everything that an operation told, oldest first."""
    return list(operation.events.all()) if operation else []


def releases_of(project: Project) -> QuerySet[Release]:
    """Return a project's releases, the newest generation first, without their documents."""
    releases = Release.objects.filter(project=project, team_id=project.team_id)
    return (
        releases.select_related("restores", "deploy__source", "deploy__operation")
        .defer(*_LARGE_OF_RELEASE, *(f"restores__{name}" for name in _LARGE_OF_RELEASE))
        .defer("deploy__spec", "deploy__reviewed_plan", "deploy__plan")
        .defer("deploy__source__files", "deploy__source__manifest", "deploy__source__left_out")
        .order_by("-activated_at", "-created_at")
    )


def release_for(
    membership: Membership, project_id: UUID, release_id: UUID, action: Action = Action.VIEW
) -> Release:
    """Return one release, whole, of a project for a member who wants to do `action`: as `project_for` says."""
    project = project_for(membership, project_id, action)
    releases = Release.objects.filter(project=project, team_id=project.team_id)
    release = (
        releases.select_related("project__gateway", "restores", "deploy__source")
        .filter(pk=release_id)
        .first()
    )
    if release is None:
        raise Http404("no such release")
    release.project = project
    return release


def found_releases(reach: Reach, gateway: Gateway, query: str) -> QuerySet[Release]:
    """Return the releases of projects within reach that fit by project, id or generation."""
    wanted = Q(project__name__icontains=query) | Q(remote_id__icontains=query)
    if query.isdecimal() and len(query) < 10:
        wanted |= Q(generation=int(query))
    found = Release.objects.filter(reach.q(project="project_id"), wanted, project__gateway=gateway)
    return found.select_related("project").defer(*_LARGE_OF_RELEASE)


def ready_projects(reach: Reach, gateway: Gateway) -> QuerySet[Project]:
    """Return the projects that can be deployed to: within reach, and so are their wallets."""
    projects = Project.objects.filter(reach.q(project="pk", wallet="wallet_id"), gateway=gateway)
    return projects.filter(state=Project.State.READY).exclude(remote_id="").exclude(anon_key="")


def project_within(reach: Reach, project_id: UUID) -> Project:
    """Return a project within reach with its wallet, at whatever gateway, able or not. Raises Http404 for another."""
    projects = Project.objects.filter(reach.q(project="pk", wallet="wallet_id"), pk=project_id)
    found = projects.select_related("wallet", "gateway").first()
    if found is None:
        raise Http404("no such project")
    return found


def live_release(project: Project) -> Release | None:
    """Return the release that serves now, with its inventory and without its archive."""
    releases = Release.objects.filter(project=project, team_id=project.team_id, status="active")
    release = releases.defer("archive").first()
    if release is not None:
        release.project = project
    return release


def host_of(project: Project) -> str:
    """Return the host name under which the project answers; empty when it has none that the panel knows."""
    return urlsplit(project.live_url).hostname or "" if project.live_url else ""


def last_sync(project: Project) -> Operation | None:
    """Return the newest reading of the project's releases."""
    return Operation.objects.filter(
        team_id=project.team_id, subject_id=project.pk, kind="releases.sync"
    ).first()


def is_stale(sync: Operation | None) -> bool:
    """Say whether the releases should be read again; one under way or a fresh failure is left alone."""
    if sync is None:
        return True
    if sync.state in ACTIVE:
        return False
    return sync.finished_at is None or sync.finished_at < timezone.now() - STALE_AFTER


def operations_named(ids: Collection[UUID]) -> set[UUID]:
    """Return those of the operations whose state is a deploy's."""
    return set(Operation.objects.filter(pk__in=ids, deploy__isnull=False).values_list("pk", flat=True))

"""The pages of releases: a project's list, one release, redeploy, and the panel on the project's page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.errors import Refusal
from deploys import selectors, services
from deploys.pages.lists import ProjectPanel
from deploys.pages.releases import ReleasesPage, release_page
from operations.models import Operation
from projects.models import Project
from projects.selectors import may_work_on, project_for
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action

PER_PAGE = 25
POLL_MILLISECONDS = 1000
PANEL_MILLISECONDS = 2000
LAST_DEPLOYS = 5


@require_GET
@require(Action.VIEW)
def releases(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Every release of a project; opening it reads them again when they are older than a minute."""
    project = project_for(request.membership, pk)
    sync = _fresh(project)
    page = ReleasesPage(
        project=project,
        releases=Paginator(selectors.releases_of(project), PER_PAGE).get_page(request.GET.get("page")),
        sync=sync,
        delay=POLL_MILLISECONDS if sync and sync.is_active else None,
        sees_operations=request.membership.reach.covers(wallet_id=project.wallet_id),
        may_deploy=may_work_on(project, request.membership, Action.DEPLOY),
    )
    template = "deploys/_releases.html" if request.headers.get("HX-Request") else "deploys/releases.html"
    return render(request, template, {"page": page})


def _fresh(project: Project) -> Operation | None:
    """Return the newest reading, after queuing one if it is too old."""
    sync = selectors.last_sync(project)
    return services.refresh_releases(project) or sync if selectors.is_stale(sync) else sync


@require_GET
@require(Action.VIEW)
def release(request: PanelRequest, pk: UUID, release: UUID) -> HttpResponse:
    """One release: what it holds, and what bringing it back would do."""
    found = selectors.release_for(request.membership, pk, release)
    page = release_page(found, request.membership)
    return render(request, "deploys/release.html", {"page": page})


@require_POST
@require(Action.DEPLOY)
def redeploy(request: PanelRequest, pk: UUID, release: UUID) -> HttpResponse:
    """Bring a release back with one click."""
    found = selectors.release_for(request.membership, pk, release, Action.DEPLOY)
    try:
        deploy = services.redeploy_release(release=found, user=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("deploys:releases", pk)
    return redirect("deploys:detail", deploy.pk)


@require_GET
@require(Action.VIEW)
def project_panel(request: PanelRequest, pk: UUID) -> HttpResponse:
    """What is live and the last deploys, for the project's page."""
    project = project_for(request.membership, pk)
    deploys = list(selectors.deploys_of(request.membership.reach).filter(project=project)[:LAST_DEPLOYS])
    moving = any(deploy.operation and deploy.operation.is_active for deploy in deploys)
    page = ProjectPanel(project, deploys, PANEL_MILLISECONDS if moving else None)
    return render(request, "deploys/panel.html", {"page": page})

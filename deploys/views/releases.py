"""The pages of releases: a project's list, one release, redeploy, and the panel on the project's page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Refusal
from core.http import STOP_POLLING
from deploys import comparing, selectors, services
from deploys.models import Release
from deploys.pages.comparing import diff_page
from deploys.pages.lists import ProjectPanel
from deploys.pages.releases import ReleasesPage, release_page
from projects.selectors import may_work_on, project_for
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action

PER_PAGE = 25
POLL_MILLISECONDS = 1000
PANEL_MILLISECONDS = 2000
LAST_DEPLOYS = 5
#: Releases to choose from when two are compared; an older one is named in the address.
MOST_CHOICES = 100


@require_GET
@require(Action.VIEW)
def releases(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Every release of a project; opening it reads them again when they are older than a minute."""
    project = project_for(request.membership, pk)
    sync = services.fresh_releases(project)
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


@require_GET
@require(Action.VIEW)
def release(request: PanelRequest, pk: UUID, release: UUID) -> HttpResponse:
    """One release: what it holds, and what bringing it back would do."""
    found = selectors.release_for(request.membership, pk, release)
    query = request.GET.get("q", "").strip()
    page = release_page(found, request.membership, query=query, page=request.GET.get("page"))
    return render(request, "deploys/release.html", {"page": page})


@require_GET
@require(Action.VIEW)
def diff(request: PanelRequest, pk: UUID) -> HttpResponse:
    """What differs between two releases. Both stand in the address, so the page can be shared."""
    project = project_for(request.membership, pk)
    rows = list(selectors.releases_of(project)[:MOST_CHOICES])
    before, after = request.GET.get("from", ""), request.GET.get("to", "")
    operation, problem = None, ""
    if before and after:
        try:
            operation = comparing.ask(project=project, user=request.user, before=before, after=after)
        except Refusal as refusal:
            problem = str(refusal)
    page = diff_page(
        project,
        rows,
        before=before or _one_before(rows),
        after=after or comparing.ACTIVE,
        problem=problem,
        operation=operation,
        may_deploy=may_work_on(project, request.membership, Action.DEPLOY),
    )
    template = "deploys/_diff.html" if request.headers.get("HX-Request") else "deploys/diff.html"
    return render(request, template, {"page": page}, status=422 if problem else 200)


def _one_before(releases: list[Release]) -> str:
    """Return the release that was live before the live one; “empty” when there was none."""
    old = [release.remote_id for release in releases if not release.is_live]
    return old[0] if old else comparing.EMPTY


@require_POST
@require(Action.DEPLOY)
def redeploy(request: PanelRequest, pk: UUID, release: UUID) -> HttpResponse:
    """Bring a release back with one click."""
    found = selectors.release_for(request.membership, pk, release, Action.DEPLOY)
    try:
        deploy = services.redeploy_release(release=found, user=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        steps = [step["url"] for step in refusal.fault.next_actions if step.get("url")]
        return redirect(steps[0]) if steps else redirect("deploys:releases", pk)
    if deploy.created_by != request.user:
        said = _(
            "%(who)s is bringing this release back already. This is that redeploy; nothing was started twice."
        )
        messages.info(request, said % {"who": deploy.created_by.label})
    return redirect("deploys:detail", deploy.pk)


@require_GET
@require(Action.VIEW)
def project_panel(request: PanelRequest, pk: UUID) -> HttpResponse:
    """What is live and the last deploys, for the project's page, which loads anew when they have ended."""
    project = project_for(request.membership, pk)
    deploys = list(selectors.deploys_of(request.membership.reach).filter(project=project)[:LAST_DEPLOYS])
    moving = any(deploy.operation and deploy.operation.is_active for deploy in deploys)
    if not moving and "moving" in request.GET:
        return HttpResponse(status=STOP_POLLING, headers={"HX-Refresh": "true"})
    may_deploy = may_work_on(project, request.membership, Action.DEPLOY)
    page = ProjectPanel(project, deploys, PANEL_MILLISECONDS if moving else None, may_deploy)
    return render(request, "deploys/panel.html", {"page": page})

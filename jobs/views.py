"""The pages of jobs: the history, a new one, and one through its life."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from core.errors import Refusal
from core.http import STOP_POLLING, go, nothing_new
from core.limits import body_limit
from core.paging import LongPaginator
from jobs import selectors, services
from jobs.models import Job
from jobs.pages.detail import JobPage, job_page
from jobs.pages.lists import JobsPage, ProjectPanel, rows_of
from jobs.pages.new import new_page
from jobs.pages.words import choices
from jobs.reading import MOST_BYTES
from operations import consent, crowd, results
from operations.record import record_panel
from projects.selectors import may_work_on, project_for, projects_of
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action, allows

PER_PAGE = 25
LAST_JOBS = 4
PANEL_MILLISECONDS = 3000
SANDBOXED = "sandbox; default-src 'none'"


@require_safe
@require(Action.VIEW)
def jobs(request: PanelRequest) -> HttpResponse:
    """Every job of the team, at all gateways, with filters in the address."""
    status, query = request.GET.get("state", ""), request.GET.get("q", "").strip()
    found = selectors.filtered(
        selectors.jobs_of(request.membership.reach),
        status=status if status in dict(choices()) else "",
        project=_uuid(request.GET.get("project")),
        query=query,
    )
    names = projects_of(request.membership.reach).values_list("pk", "name", "gateway__name")
    gateways = {gateway for pk, name, gateway in names}
    page = JobsPage(
        jobs=LongPaginator(found, PER_PAGE).get_page(request.GET.get("page")),
        projects=[(str(pk), f"{name} ({at})" if len(gateways) > 1 else name) for pk, name, at in names],
        statuses=choices(),
        status=status,
        project=request.GET.get("project", ""),
        query=query,
        may_submit=allows(request.membership.role, Action.JOB_SUBMIT),
    )
    return render(request, "jobs/list.html", {"page": page})


@body_limit(lambda: 8 * MOST_BYTES)  # so that the form says it of a file that is too long
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.JOB_SUBMIT)
def new(request: PanelRequest) -> HttpResponse:
    """A form for the known type, or a whole job as JSON; POST reserves nothing yet: a worker does."""
    page = new_page(request, again=_again(request))
    if request.method != "POST" and page.project is not None:
        try:
            services.require_possible(page.project)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return redirect("projects:detail", page.project.pk)
    if request.method == "POST" and page.form.is_valid() and page.form.asked is not None:
        try:
            job = services.submit_job(
                project=page.form.cleaned_data["project"],
                actor=request.user,
                asked=page.form.asked,
                again=page.again,
            )
        except Refusal as refusal:
            page.form.refuse(refusal)
        else:
            return _on_to(request, job)
    return render(request, "jobs/new.html", {"page": page}, status=422 if request.method == "POST" else 200)


def _on_to(request: PanelRequest, job: Job) -> HttpResponse:
    """Go to the job, or first to where a passkey lets real money pay for it."""
    if job.operation is not None and job.operation.awaits_consent:
        return go(request, consent.url(job.operation))
    return redirect("jobs:detail", job.pk)


@require_GET
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """One job: its state, its log, its files, its cost against its cap."""
    return render(request, "jobs/detail.html", {"page": _page(request, pk)})


@require_GET
@require(Action.VIEW)
def live(request: PanelRequest, pk: UUID) -> HttpResponse:
    """The same as a fragment while something moves, 204 while nothing does; then 286: the page reloads once."""
    page = _page(request, pk)
    if page.delay is None:
        return HttpResponse(status=STOP_POLLING, headers={"HX-Refresh": "true"})
    if page.seen == request.GET.get("seen"):
        return nothing_new(page.delay)
    return render(request, "jobs/_job.html", {"page": page})


@require_GET
@require(Action.AUDIT_VIEW)
def record(request: PanelRequest, pk: UUID) -> HttpResponse:
    """What the audit record says about the job."""
    job = selectors.job_for(request.membership, pk, Action.AUDIT_VIEW)
    page = record_panel(request.membership, job.pk)
    return render(request, "operations/_record.html", {"page": page})


@require_POST
@require(Action.JOB_SUBMIT)
def cancel(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Withdraw it, or have the run cancelled."""
    job = selectors.job_for(request.membership, pk, Action.JOB_SUBMIT)
    try:
        services.cancel_job(job=job, actor=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("jobs:detail", pk)


@require_POST
@require(Action.JOB_SUBMIT)
def again(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Submit the same once more, under the same cap."""
    job = selectors.job_for(request.membership, pk, Action.JOB_SUBMIT)
    try:
        fresh = services.run_again(job=job, actor=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("jobs:detail", pk)
    return _on_to(request, fresh)


@require_POST
@require(Action.PROJECT_SYNC)
def fetch(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Have a worker fetch a file that the run left."""
    job = selectors.job_for(request.membership, pk, Action.PROJECT_SYNC)
    try:
        services.fetch_artifact(job=job, actor=request.user, name=request.POST.get("name", ""))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("jobs:detail", pk)


@require_GET
@require(Action.VIEW)
def artifact(request: PanelRequest, pk: UUID) -> HttpResponseBase:
    """Hand out a fetched file, to be saved and never run."""
    job = selectors.job_for(request.membership, pk)
    name = request.GET.get("name", "")
    if job.operation is None or name not in {one["name"] for one in job.artifacts}:
        raise Http404("no such file")
    content = results.stream(job.operation, selectors.artifact_field(name), request.team)
    if content is None:
        messages.info(request, _("This file is kept no longer. Fetch it again."))
        return redirect("jobs:detail", pk)
    headers = {
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "Content-Security-Policy": SANDBOXED,
        "Cache-Control": "private, no-store",
    }
    return StreamingHttpResponse(content, content_type="application/octet-stream", headers=headers)


@require_GET
@require(Action.VIEW)
def project_panel(request: PanelRequest, pk: UUID) -> HttpResponse:
    """The last jobs of a project, for its page."""
    project = project_for(request.membership, pk)
    found = list(selectors.jobs_of(request.membership.reach).filter(project=project)[:LAST_JOBS])
    moving = any(job.is_open or (job.operation and job.operation.is_active) for job in found)
    page = ProjectPanel(
        project,
        rows_of(found),
        PANEL_MILLISECONDS if moving else None,
        may_submit=selectors.takes_jobs(project)
        and may_work_on(project, request.membership, Action.JOB_SUBMIT),
    )
    return render(request, "jobs/panel.html", {"page": page})


def _page(request: PanelRequest, pk: UUID) -> JobPage:
    active = selectors.moving(request.membership.team_id, pk)
    page = job_page(selectors.job_for(request.membership, pk), active, request.membership)
    if page.delay is None:
        return page
    return replace(page, delay=crowd.delay(f"{request.session.session_key}/{pk}", page.delay))


def _again(request: PanelRequest) -> UUID | None:
    return _uuid(request.POST.get("again") or request.GET.get("again"))


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value or "")
    except ValueError:
        return None

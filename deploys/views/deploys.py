"""The pages of deploys: the list, a new one, and one through its life."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Refusal
from core.http import STOP_POLLING, nothing_new
from core.limits import body_limit, upload_place
from core.paging import LongPaginator
from core.views import refused
from deploys import selectors, services, sources
from deploys.forms import SourceForm
from deploys.models import Deploy
from deploys.pages.detail import DeployPage, delay_at, deploy_page
from deploys.pages.lists import DeploysPage, ProjectChoice
from deploys.uploads import LimitedUploadHandler, was_too_large
from operations import crowd, halted
from operations.models import State
from operations.record import record_panel
from operations.reviewing import review_of
from projects.models import Project
from projects.selectors import projects_of
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action, allows
from wallets import gateways
from wallets.models import Gateway

PER_PAGE = 25


@require_GET
@require(Action.VIEW)
def deploys(request: PanelRequest) -> HttpResponse:
    """Every deploy of the team at the current gateway, with filters in the address."""
    gateway = gateways.of(request)
    state, query = request.GET.get("state", ""), request.GET.get("q", "").strip()
    found = selectors.filtered(
        selectors.deploys_of(request.membership.reach, gateway),
        state=state,
        project=_uuid(request.GET.get("project")),
        query=query,
    )
    page = DeploysPage(
        deploys=LongPaginator(found, PER_PAGE).get_page(request.GET.get("page")),
        projects=[ProjectChoice(str(pk), name) for pk, name in _names(request)],
        states=[(state.value, str(state.label)) for state in State],
        state=state,
        project=request.GET.get("project", ""),
        query=query,
        may_deploy=_may_deploy(request),
    )
    return render(request, "deploys/list.html", {"page": page})


@body_limit(lambda: 4 * settings.UPLOAD_MAX_BYTES)
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.DEPLOY)
def new(request: PanelRequest) -> HttpResponse:
    """Choose files or a manifest; POST reads them into the store and queues the plan.

    The check against forgery comes after the limits: it reads the whole form to find its token.
    """
    if request.method != "POST":
        return _new(request)
    request.upload_handlers.insert(0, LimitedUploadHandler(request))
    with upload_place(request.user.pk) as free:
        return _new(request) if free else _too_many(request)


def _too_many(request: PanelRequest) -> HttpResponse:
    text = _("Nothing has changed. Wait until one of them has ended, then send this one again.")
    return refused(request, 429, _("Your other uploads are still arriving"), text)


@csrf_protect
def _new(request: PanelRequest) -> HttpResponse:
    named = _named(request)
    projects = _choices(request, named)
    chosen = named or _only_one(projects)
    if request.method != "POST":
        if named is not None:
            try:
                services.require_ready(named)
            except Refusal as refusal:
                messages.error(request, str(refusal))
                return redirect("projects:detail", named.pk)
        form = SourceForm(projects=projects, chosen=chosen)
        return _form_page(request, form, any_project=projects.exists())
    form = SourceForm(request.POST, request.FILES, projects=projects, chosen=chosen)
    if was_too_large(request):
        form.errors.clear()
        form.refuse(sources.too_large())
    elif form.is_valid():
        try:
            return redirect("deploys:detail", _begin(request, form).pk)
        except Refusal as refusal:
            form.refuse(refusal)
    return _form_page(request, form, any_project=True, status=422)


def _form_page(
    request: PanelRequest, form: SourceForm, *, any_project: bool, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "project": form.chosen,
        "any": any_project,
        # Apps live beside the gateway's own name: api.run402.com, tidepool.run402.com.
        "suffix": f".{_gateway(request, form.chosen).host.partition('.')[2]}",
    }
    return render(request, "deploys/new.html", context, status=status)


def _begin(request: PanelRequest, form: SourceForm) -> Deploy:
    project: Project = form.cleaned_data["project"]
    source = sources.read_upload(form.upload, team=request.team, user=request.user)
    subdomain = form.cleaned_data["subdomain"]
    return services.start_deploy(project=project, user=request.user, source=source, subdomain=subdomain)


@require_GET
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """One deploy: its plan to review, its phases, its end."""
    return render(
        request,
        "deploys/detail.html",
        {"page": _page(request, pk, selectors.look_of(request.membership, pk))},
    )


@require_GET
@require(Action.VIEW)
def live(request: PanelRequest, pk: UUID) -> HttpResponse:
    """The same page as a fragment while something moves, 204 while nothing does; then 286: the page reloads once."""
    look = selectors.look_of(request.membership, pk)
    if look.word == request.GET.get("seen"):
        return nothing_new(crowd.delay(_tab(request, pk), delay_at(look.age)))
    page = _page(request, pk, look)
    if page.delay is None:
        # The sidebar's figure and the title change too (docs/decisions/0004).
        return HttpResponse(status=STOP_POLLING, headers={"HX-Refresh": "true"})
    return render(request, "deploys/_deploy.html", {"page": page})


@require_GET
@require(Action.AUDIT_VIEW)
def record(request: PanelRequest, pk: UUID) -> HttpResponse:
    """What the audit record says about the deploy."""
    deploy = selectors.deploy_for(request.membership, pk, Action.AUDIT_VIEW)
    page = record_panel(request.membership, deploy.pk)
    return render(request, "operations/_record.html", {"page": page})


@require_POST
@require(Action.DEPLOY)
def confirm(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Confirm the plan that was shown."""
    deploy = selectors.deploy_for(request.membership, pk, Action.DEPLOY)
    try:
        services.confirm_deploy(
            deploy=deploy,
            user=request.user,
            digest=request.POST.get("digest", ""),
            codes=request.POST.getlist("ack"),
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("deploys:detail", pk)


@require_POST
@require(Action.DEPLOY)
def cancel(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Cancel before anything is committed."""
    deploy = selectors.deploy_for(request.membership, pk, Action.DEPLOY)
    try:
        state = services.cancel_deploy(deploy=deploy, user=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        if state != State.CANCELLED:
            messages.info(request, _("The worker stops at its next step."))
    return redirect("deploys:detail", pk)


@require_POST
@require(Action.DEPLOY)
def again(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Plan the same source anew, without another upload."""
    deploy = selectors.deploy_for(request.membership, pk, Action.DEPLOY)
    try:
        fresh = services.deploy_again(deploy=deploy, user=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("deploys:detail", pk)
    return redirect("deploys:detail", fresh.pk)


@require_POST
@require(Action.DEPLOY)
def resume(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Push on what stopped half-way at Run402."""
    deploy = selectors.deploy_for(request.membership, pk, Action.DEPLOY)
    try:
        services.resume_deploy(deploy=deploy, user=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("deploys:detail", pk)


def _page(request: PanelRequest, pk: UUID, look: selectors.Look) -> DeployPage:
    deploy = selectors.deploy_for(request.membership, pk)
    operation = deploy.operation
    if operation is None:
        raise LookupError(f"deploy {deploy.pk} has no operation")
    page = deploy_page(
        deploy,
        operation,
        selectors.events_of(operation),
        may_deploy=_may_deploy(request),
        worker_silent=look.worker_silent,
        seen=look.word,
        halted=halted.why_queued(operation),
        review=review_of(operation, request.membership),
    )
    return replace(page, delay=crowd.delay(_tab(request, pk), page.delay)) if page.delay else page


def _tab(request: PanelRequest, pk: UUID) -> str:
    return f"{request.session.session_key}/{pk}"


def _may_deploy(request: PanelRequest) -> bool:
    return allows(request.membership.role, Action.DEPLOY)


def _named(request: PanelRequest) -> Project | None:
    """Return the project of the address or the form, at whatever gateway; 404 out of reach."""
    wanted = request.POST.get("project") or request.GET.get("project")
    if not wanted:
        return None
    pk = _uuid(wanted)
    if pk is None:
        raise Http404("no such project")
    return selectors.project_within(request.membership.reach, pk)


def _choices(request: PanelRequest, named: Project | None) -> QuerySet[Project]:
    """Return what the form takes: the named project alone, else those at the current gateway."""
    if named is not None:
        return Project.objects.filter(pk=named.pk).select_related("gateway")
    return selectors.ready_projects(request.membership.reach, gateways.of(request))


def _gateway(request: PanelRequest, project: Project | None) -> Gateway:
    return project.gateway if project is not None else gateways.of(request)


def _only_one(projects: QuerySet[Project]) -> Project | None:
    ready = list(projects[:2])
    return ready[0] if len(ready) == 1 else None


def _names(request: PanelRequest) -> list[tuple[UUID, str]]:
    projects = projects_of(request.membership.reach, gateways.of(request))
    return list(projects.values_list("pk", "name"))


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value or "")
    except ValueError:
        return None

"""Projects: the list, a new one, one of them."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refusal
from core.http import go, whole_number
from operations.record import record_panel
from projects import pages, selectors, services
from projects.forms import ProjectForm, first_choice
from projects.models import Project
from projects.narrowing import ListForm
from projects.payers import Payer, payer
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from teams.stepup import step_up
from wallets import gateways
from wallets.selectors import spendable_wallets, wallets_of


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List the projects of all wallets at all gateways, narrowed as the address says."""
    wallets = wallets_of(request.membership.reach).order_by("label")
    form = ListForm(request.GET, gateways=gateways.choices_of(request), wallets=list(wallets))
    page = pages.list_page(form, number=request.GET.get("page", ""), membership=request.membership)
    return render(request, "projects/list.html", {"page": page, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.PROJECT_CREATE)
def new(request: PanelRequest) -> HttpResponse:
    """Ask for name and wallet; have the project made."""
    wallets = spendable_wallets(request.membership, gateways.of(request))
    payers = tuple(payer(wallet) for wallet in wallets)
    initial = {"wallet": first_choice(payers, request.GET.get("wallet", ""))}
    form = ProjectForm(request.POST or None, payers=payers, initial=initial)
    if form.is_valid():
        return _create(request, form, payers)
    return _new(request, form, payers)


def _create(request: PanelRequest, form: ProjectForm, payers: tuple[Payer, ...]) -> HttpResponse:
    wallet, name = form.chosen_wallet(), form.cleaned_data["name"]
    try:
        project = services.create_project(team=request.team, actor=request.user, wallet=wallet, name=name)
    except Refusal as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return _new(request, form, payers, refusal.fault.next_actions)
    return _show(request, project)


def _new(
    request: PanelRequest, form: ProjectForm, payers: tuple[Payer, ...], steps: tuple[object, ...] = ()
) -> HttpResponse:
    page = pages.new_page(payers, request.membership, steps)
    return render(
        request, "projects/new.html", {"page": page, "form": form}, status=422 if form.errors else 200
    )


@require_safe
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show one project; what is older than a minute is being read anew."""
    doings = selectors.doings_of(request.membership.team_id, pk)
    project = selectors.project_for(request.membership, pk)
    services.note_open(project)
    reading = services.refresh_if_stale(project, doings.refresh)
    page = pages.detail_page(project, reading, doings, request.membership)
    return render(request, "projects/detail.html", {"page": page})


@require_safe
@require(Action.VIEW)
def mirror(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer what is read from Run402, anew while a refresh is under way."""
    last = selectors.last_refresh(request.membership.team_id, pk)
    project = selectors.project_for(request.membership, pk)
    reading = last if last is not None and last.is_active else None
    page = pages.mirror(project, reading, last, request.membership, step=whole_number(request, "step"))
    return render(request, "projects/_mirror.html", {"mirror": page, "swap": True})


@require_POST
@require(Action.PROJECT_SYNC)
def refresh(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Read the project from Run402 now, or look it up there by its name."""
    project = selectors.project_for(request.membership, pk, Action.PROJECT_SYNC)
    services.refresh(project=project, actor=request.user)
    return _show(request, project)


@require_POST
@require(Action.PROJECT_CREATE)
def again(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Try again to make a project that could not be made."""
    project = selectors.project_for(request.membership, pk, Action.PROJECT_CREATE)
    try:
        services.make_again(project=project, actor=request.user)
    except Refusal as refusal:
        doings = selectors.doings_of(project.team_id, pk)
        project = selectors.project_for(request.membership, pk)
        page = pages.detail_page(project, None, doings, request.membership)
        error = refusal.fault.as_dict()
        return render(request, "projects/detail.html", {"page": page, "refused": error}, status=409)
    return _show(request, project)


@require_safe
@require(Action.AUDIT_VIEW)
def record(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer with what the audit record says about the project."""
    project = selectors.project_for(request.membership, pk)
    page = record_panel(request.membership, project.pk)
    return render(request, "operations/_record.html", {"page": page})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.KEY_REVEAL)
@step_up(lambda kwargs: f"key.reveal/{kwargs['pk']}", gettext_lazy("see a project's service key"), carry=())
def service_key(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Have a worker seal the service key to the tab whose one-time key arrives; the tab fetches and opens it."""
    project = selectors.project_for(request.membership, pk, Action.KEY_REVEAL)
    if request.method != "POST":
        return render(request, "projects/service_key.html", {"page": project})
    try:
        operation = services.reveal_service_key(
            project=project, actor=request.user, reader=request.POST.get("reader", "")
        )
    except Refusal as refusal:
        return JsonResponse({"error": refusal.fault.message}, status=409)
    context = {"operation": operation, "what": selectors.REVEAL}
    return render(request, "projects/_key_asked.html", context)


def _show(request: PanelRequest, project: Project) -> HttpResponse:
    return go(request, reverse("projects:detail", args=[project.pk]))

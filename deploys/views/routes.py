"""The pages of routes: the table, its editor, and X-ray."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import Refusal
from deploys import questions, selectors, services
from deploys.models import Release
from deploys.pages.editor import editor_page
from deploys.pages.routes import routes_page
from deploys.pages.xray import XrayPage, xray_page
from deploys.table.rows import SPARE, Row, pasted, rows_of, typed
from deploys.table.services import editable, plan_routes
from deploys.xray import asking
from operations.models import Operation
from projects.models import Project
from projects.selectors import may_work_on, project_for
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action

#: Empty rows after “More rows”.
MORE = 10


@require_GET
@require(Action.VIEW)
def table(request: PanelRequest, pk: UUID) -> HttpResponse:
    """The routes and public paths of what is live; opening it reads them again when they are older than a minute.

    It is seen whether they are being read before they are: who is told that they were has to see what was read.
    """
    project = project_for(request.membership, pk)
    sync = services.fresh_releases(project)
    may_edit = may_work_on(project, request.membership, Action.DEPLOY)
    page = routes_page(
        project,
        selectors.live_release(project),
        query=request.GET.get("q", "").strip(),
        page=request.GET.get("page"),
        box=xray_page(project, url="", method="GET", may_edit=may_edit),
        sync=sync,
        may_edit=may_edit,
    )
    return render(request, "deploys/routes.html", {"page": page})


@require_http_methods(["GET", "POST"])
@require(Action.DEPLOY)
def edit(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Edit the live table. Every button sends the form: to check, for more rows, to read JSON, to plan."""
    project = project_for(request.membership, pk, Action.DEPLOY)
    try:
        release = editable(project)
    except Refusal as refusal:
        services.fresh_releases(project)
        return render(request, "deploys/routes_edit_not.html", {"project": project, "refusal": refusal})
    if request.method == "POST":
        return _edited(request, project, release)
    rows = rows_of(release.inventory["routes"]["entries"])
    page = editor_page(project, release, rows, more=SPARE, checked=False)
    return render(request, "deploys/routes_edit.html", {"page": page})


def _edited(request: PanelRequest, project: Project, release: Release) -> HttpResponse:
    wish, form = request.POST.get("do", "check"), request.POST.dict()
    text, more = form.get("json", ""), MORE if wish == "more" else SPARE
    rows: list[Row] = []
    refusal: Refusal | None = None
    problem = ""
    try:
        rows = typed(form)
        if wish == "json":
            rows, text = pasted(text), ""
        elif wish == "plan":
            base = form.get("base", "")
            deploy = plan_routes(project=project, user=request.user, rows=rows, base=base)
            return redirect("deploys:detail", deploy.pk)
    except Refusal as caught:
        problem = str(caught) if caught.field == "json" else ""
        refusal = None if problem else caught
    page = editor_page(
        project, release, rows, more=more, checked=True, refusal=refusal, json=text, json_problem=problem
    )
    status = 422 if refusal or problem or not page.is_sound else 200
    return render(request, "deploys/routes_edit.html", {"page": page}, status=status)


@require_GET
@require(Action.VIEW)
def xray(request: PanelRequest, pk: UUID) -> HttpResponse:
    """What a URL and a method would get. The question stands in the address, so the page can be shared."""
    project = project_for(request.membership, pk)
    page, status = _asked(request, project)
    template = "deploys/_xray_answer.html" if request.headers.get("HX-Request") else "deploys/xray.html"
    return render(request, template, {"page": page}, status=status)


def _asked(request: PanelRequest, project: Project) -> tuple[XrayPage, int]:
    url, method = request.GET.get("url", ""), request.GET.get("method", "GET").upper()
    may_edit = may_work_on(project, request.membership, Action.DEPLOY)
    if not url.strip():
        return xray_page(project, url="", method=method, may_edit=may_edit), 200
    operation: Operation | None = None
    try:
        questions.require_answers(
            project
        )  # first: without its keys the panel does not know its address either
        asked = asking.question(url, method, default_host=selectors.host_of(project))
        operation = asking.ask(project=project, user=request.user, asked=asked)
    except Refusal as refusal:
        return xray_page(project, url=url, method=method, problem=str(refusal), may_edit=may_edit), 422
    live = selectors.live_release(project)
    found = xray_page(
        project, url=url, method=method, asked=asked, operation=operation, live=live, may_edit=may_edit
    )
    return found, 200

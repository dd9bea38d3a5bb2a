"""The pages of a project's secrets: the list, one to set, a whole `.env` with its preview, and deleting one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refusal
from core.forms import refusals_in
from core.http import go
from core.limits import body_limit
from core.uploads import uploads_stay_in_memory, was_dropped
from projects.models import Project
from projects.secrets import dotenv, drafts, matrix, pages, selectors, services
from projects.secrets.forms import ChoiceForm, DeleteForm, EnvForm, SecretForm
from projects.secrets.models import SecretDraft
from projects.selectors import project_for
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Every name that is set or required; names older than a minute are read anew."""
    page = _page(request, pk)
    template = (
        "projects/secrets/_list.html" if request.headers.get("HX-Request") else "projects/secrets/list.html"
    )
    return render(request, template, {"page": page})


@require_safe
@require(Action.VIEW)
def everywhere(request: PanelRequest) -> HttpResponse:
    """Secrets of all projects side by side, from the mirror."""
    page = matrix.matrix_page(
        request.membership,
        number=request.GET.get("page", ""),
        only_missing=request.GET.get("show") == "missing",
    )
    return render(request, "projects/secrets/all.html", {"page": page})


@require_safe
@require(Action.VIEW)
def panel(request: PanelRequest, pk: UUID) -> HttpResponse:
    """How many are set and what is missing, for the project's page."""
    page = _page(request, pk)
    return render(request, "projects/secrets/panel.html", {"page": page})


@require_POST
@require(Action.PROJECT_SYNC)
def refresh(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Read the names from Run402 now."""
    project = project_for(request.membership, pk, Action.PROJECT_SYNC)
    if services.can_be_read(project):
        services.refresh(project=project, actor=request.user)
    return _list(request, project)


@never_cache
@uploads_stay_in_memory
@sensitive_variables()
@sensitive_post_parameters("text")
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.SECRETS_SET)
def new(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Take one name and value, sealed by the form, and have a worker set it."""
    project = project_for(request.membership, pk, Action.SECRETS_SET)
    key = request.GET.get("key", "")[:128]
    form = SecretForm(*_sent(request), initial={"key": key}, dropped=was_dropped(request))
    if request.method == "POST":
        with refusals_in(form):
            if form.is_valid():
                services.set_one(project=project, actor=request.user, values=form.cleaned_data["values"])
                messages.success(request, _("A worker sets %(key)s now.") % {"key": form.cleaned_data["key"]})
                return _list(request, project)
    context = {"project": project, "form": form, **_possible(request, project)}
    return render(request, "projects/secrets/set.html", context, status=422 if form.errors else 200)


@never_cache
@body_limit(lambda: 6 * dotenv.MOST_CHARACTERS)
@uploads_stay_in_memory
@sensitive_variables()
@sensitive_post_parameters("text")
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.SECRETS_SET)
def env(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Take a whole `.env`, sealed by the form, and show what it would set."""
    project = project_for(request.membership, pk, Action.SECRETS_SET)
    form = EnvForm(*_sent(request), dropped=was_dropped(request))
    if request.method == "POST":
        with refusals_in(form):
            if form.is_valid():
                values = form.cleaned_data["values"]
                draft = services.keep_draft(project=project, actor=request.user, values=values)
                return go(request, pages.preview_url(draft))
    context = {"project": project, "form": form, **_possible(request, project)}
    return render(request, "projects/secrets/env.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.SECRETS_SET)
def preview(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show what a draft would set, new and replaced, and have the chosen ones set."""
    project = project_for(request.membership, pk, Action.SECRETS_SET)
    draft = _draft(request, project)
    if draft is None:
        return _too_late(request, project)
    form = ChoiceForm(*_sent(request), keys=draft.keys)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            operation = services.set_drafted(draft=draft, actor=request.user, keys=form.cleaned_data["keys"])
            messages.success(request, _("A worker does it now: %(what)s.") % {"what": operation.title})
            return _list(request, project)
    context = {"page": pages.preview_page(draft, request.membership), "form": form}
    return render(request, "projects/secrets/preview.html", context, status=422 if form.errors else 200)


@require_POST
@require(Action.SECRETS_SET)
def forget(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Take a draft away without setting anything."""
    project = project_for(request.membership, pk, Action.SECRETS_SET)
    if draft := _draft(request, project):
        services.forget_draft(draft)
    messages.success(request, _("Nothing was set, and the values are gone."))
    return _list(request, project)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.SECRETS_SET)
def delete(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Ask for the name, then have a worker delete it."""
    project = project_for(request.membership, pk, Action.SECRETS_SET)
    page = pages.secrets_page(project, None, request.membership)
    row = next((row for row in page.rows if row.key == request.GET.get("key") and row.secret), None)
    if row is None:
        return _list(request, project)
    form = DeleteForm(*_sent(request))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            services.delete_secret(
                project=project, actor=request.user, key=row.key, typed=form.cleaned_data["typed"]
            )
            messages.success(request, _("A worker deletes %(key)s now.") % {"key": row.key})
            return _list(request, project)
    context = {"project": project, "row": row, "form": form}
    return render(request, "projects/secrets/delete.html", context, status=422 if form.errors else 200)


def _page(request: PanelRequest, pk: UUID) -> pages.SecretsPage:
    """Return the list, whose names are read anew when they are older than a minute."""
    sync = selectors.last_sync(request.membership.team_id, pk)
    project = project_for(request.membership, pk)
    return pages.secrets_page(project, services.refresh_if_stale(project, sync), request.membership)


def _sent(request: PanelRequest) -> tuple[Any, Any]:
    """Return what a form is bound to: fields and files of a POST, however empty, and nothing otherwise."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _possible(request: PanelRequest, project: Project) -> dict[str, Any]:
    """Return whether secrets can be set here, and what a member can do about it if not."""
    return {
        "possible": services.can_be_read(project),
        "may_import_keys": pages.may_import_keys(project, request.membership),
        "wallet_id": str(project.wallet_id),
    }


def _draft(request: PanelRequest, project: Project) -> SecretDraft | None:
    """Return the person's own draft that the address names."""
    try:
        draft_id = UUID(request.GET.get("draft", ""))
    except ValueError:
        return None
    return drafts.draft_of(project, request.user, draft_id)


def _too_late(request: PanelRequest, project: Project) -> HttpResponse:
    refusal: Refusal = drafts.gone(project)
    messages.error(request, str(refusal))
    return _list(request, project)


def _list(request: PanelRequest, project: Project) -> HttpResponse:
    return go(request, selectors.secrets_url(project))

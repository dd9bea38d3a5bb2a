"""Deleting a project, for good."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core.forms import refusals_in
from core.http import go
from projects import deleting, selectors
from projects.models import Project
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from teams.stepup import step_up


class DeleteForm(forms.Form):
    """The name of what goes, typed."""

    name = forms.CharField(
        label=gettext_lazy("Its name, to be sure"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: object, name: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own arguments, passed on
        self.fields["name"].widget.attrs["data-must-type"] = name.strip()


@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.PROJECT_DELETE)
@step_up(lambda kwargs: f"project.delete/{kwargs['pk']}", gettext_lazy("delete a project"))
def delete(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Say what goes, ask for the name, then have it deleted."""
    project = selectors.project_for(request.membership, pk, Action.PROJECT_DELETE)
    form = DeleteForm(request.POST or None, name=project.name)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            return _done(request, project, form.cleaned_data["name"])
    context = {"page": project, "going": deleting.going_of(project), "form": form}
    return render(request, "projects/delete.html", context, status=422 if form.errors else 200)


def _done(request: PanelRequest, project: Project, typed: str) -> HttpResponse:
    if not project.is_only_listed:
        deleting.delete(project=project, actor=request.user, typed=typed)
        return go(request, reverse("projects:detail", args=[project.pk]))
    deleting.forget(project=project, actor=request.user, typed=typed)
    messages.success(request, _("%(name)s is off the list.") % {"name": project.name})
    return go(request, reverse("projects:list"))

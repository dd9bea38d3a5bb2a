"""The team's name and rules."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core.forms import refusals_in
from core.http import go
from teams import services
from teams.access import require
from teams.forms.rules import RulesForm, TeamNameForm
from teams.middleware import PanelRequest
from teams.pages import rules as pages
from teams.permissions import Action
from teams.stepup import step_up


@require_safe
@require(Action.VIEW)
def rules(request: PanelRequest) -> HttpResponse:
    """Show the rules to everybody, as a form to owners."""
    return _shown(request)


@require_POST
@require(Action.TEAM_RULES)
@step_up("team.rules", gettext_lazy("change the rules of the team"))
def save(request: PanelRequest) -> HttpResponse:
    """Write other rules."""
    form = RulesForm(request.POST, team=request.team)
    if form.is_valid():
        with refusals_in(form):
            services.set_rules(team=request.team, actor=request.user, rules=form.rules)
            messages.success(request, _("The rules hold from now on."))
            return go(request, reverse("teams:rules"))
    return _shown(request, rules_form=form)


@require_POST
@require(Action.TEAM_RULES)
def rename(request: PanelRequest) -> HttpResponse:
    """Give the team another name."""
    form = TeamNameForm(request.POST)
    if form.is_valid():
        services.rename_team(team=request.team, actor=request.user, name=form.cleaned_data["name"])
        messages.success(request, _("The team is called %(name)s now.") % {"name": form.cleaned_data["name"]})
        return go(request, reverse("teams:rules"))
    return _shown(request, name_form=form)


def _shown(
    request: PanelRequest, *, rules_form: RulesForm | None = None, name_form: TeamNameForm | None = None
) -> HttpResponse:
    context = {
        "page": pages.rules_page(request.membership),
        "form": rules_form or RulesForm(team=request.team),
        "name_form": name_form or TeamNameForm(initial={"name": request.team.name}),
    }
    return render(request, "teams/rules.html", context)

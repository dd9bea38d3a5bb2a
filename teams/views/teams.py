"""Making a team, and the page of somebody who is in none."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.forms import refusals_in
from core.http import go
from teams import services
from teams.access import personal
from teams.forms.rules import TeamNameForm
from teams.middleware import SESSION_KEY, PersonRequest


@require_safe
@personal
def none(request: PersonRequest) -> HttpResponse:
    """Tell somebody without a team what to do next."""
    if request.membership is not None:
        return go(request, reverse("home:home"))
    return render(request, "teams/none.html", {"may_make_team": services.may_make_team(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
@personal
def new(request: PersonRequest) -> HttpResponse:
    """Make a team and go to it."""
    form = TeamNameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            team = services.make_team(name=form.cleaned_data["name"], actor=request.user)
            request.session[SESSION_KEY] = str(team.pk)
            messages.success(request, _("The team %(name)s is yours.") % {"name": team.name})
            return go(request, reverse("home:home"))
    allowed = services.may_make_team(request.user)
    return render(request, "teams/new.html", {"form": form, "allowed": allowed})

"""The leaver's report of somebody who is in the team or was."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core.errors import Refusal
from core.http import go
from teams import leaving, services
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from teams.stepup import step_up


@require_safe
@require(Action.MEMBERS_MANAGE)
def report(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show what the person can still do here, with one button for each piece."""
    person = leaving.leaver_or_404(request.team, pk)
    return render(request, "teams/leaving.html", {"page": leaving.report(request.membership, person)})


@require_POST
@require(Action.MEMBERS_MANAGE)
@step_up(lambda kwargs: f"member.sessions/{kwargs['pk']}", gettext_lazy("end a member's sessions"))
def sessions(request: PanelRequest, pk: UUID) -> HttpResponse:
    """End a member's sessions."""
    person = leaving.leaver_or_404(request.team, pk)
    try:
        services.end_member_sessions(team=request.team, actor=request.user, person=person)
        messages.success(request, _("Their sessions have ended."))
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    return go(request, reverse("teams:leaving", args=[pk]))

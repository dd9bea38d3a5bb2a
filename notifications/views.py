"""What became of the mails of a team."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from notifications import selectors
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action

MOST = 10


@require_safe
@require(Action.TEAM_RULES)
def mails(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer the panel with the latest mails of the current team."""
    if pk != request.team.pk:
        raise Http404("not the current team")
    rows = list(selectors.mails_of(request.team)[:MOST])
    return render(request, "notifications/_mails.html", {"mails": rows, "sends": bool(settings.MAIL_FROM)})

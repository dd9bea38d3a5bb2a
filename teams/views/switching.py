"""Switching the current team and gateway, and the theme."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from core.http import go, safe_next
from teams import selectors, services
from teams.access import personal, require
from teams.middleware import SESSION_KEY, PanelRequest, PersonRequest
from teams.permissions import Action

#: The session key that the room of wallets reads; the switcher is one form for both.
GATEWAY_KEY = "gateway"
LONGEST_SLUG = 50


@require_POST
@require(Action.VIEW)
def switch(request: PanelRequest) -> HttpResponse:
    """Make another of the person's teams, or another gateway, the current one."""
    if team := request.POST.get("team"):
        if selectors.membership_in(request.user, _uuid(team)) is None:
            raise Http404("no such team")
        request.session[SESSION_KEY] = team
    if gateway := request.POST.get("gateway"):
        request.session[GATEWAY_KEY] = gateway[:LONGEST_SLUG]
    return go(request, safe_next(request, "/"))


@require_POST
@personal
def theme(request: PersonRequest) -> HttpResponse:
    """Store the theme and come back."""
    services.set_theme(request.user, request.POST.get("theme", ""))
    return go(request, safe_next(request, "/"))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404("no such team") from None

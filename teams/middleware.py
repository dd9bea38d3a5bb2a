"""Puts the person's current team on each request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from teams import selectors
from teams.models import Membership, Team, User

SESSION_KEY = "team"


class PanelRequest(HttpRequest):
    """A request of a signed-in member. Views are typed with it; `require` makes it true."""

    user: User
    team: Team
    membership: Membership


class CurrentTeamMiddleware:
    """Set `request.membership` and `request.team`: the session's choice, else the first team, else None."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        membership = None
        if request.user.is_authenticated:
            membership = selectors.current_membership(request.user, request.session.get(SESSION_KEY))
        request.membership = membership  # type: ignore[attr-defined]  # PanelRequest says it
        request.team = membership.team if membership else None  # type: ignore[attr-defined]
        return self.get_response(request)

"""Puts the person's current team on each request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from teams import selectors
from teams.models import Membership, Team, User

SESSION_KEY = "team"


class PersonRequest(HttpRequest):
    """A request of a signed-in person, who may have no team. `personal` makes it true."""

    user: User
    team: Team | None
    membership: Membership | None
    memberships: tuple[Membership, ...]


class PanelRequest(PersonRequest):
    """A request of a signed-in member. Views are typed with it; `require` makes it true."""

    team: Team
    membership: Membership


class CurrentTeamMiddleware:
    """Set `request.membership` and `request.team`: the session's choice, else the first team, else None."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        memberships = tuple(selectors.memberships_of(user)) if isinstance(user, User) else ()
        membership = selectors.chosen(memberships, request.session.get(SESSION_KEY))
        request.memberships = memberships  # type: ignore[attr-defined]  # PanelRequest says it
        request.membership = membership  # type: ignore[attr-defined]
        request.team = membership.team if membership else None  # type: ignore[attr-defined]
        return self.get_response(request)

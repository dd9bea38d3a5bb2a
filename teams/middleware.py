"""Puts the person's current team on each request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from structlog.contextvars import bind_contextvars

from teams import selectors
from teams.models import Membership, Team, User

SESSION_KEY = "team"
#: A member's last activity is written no more often than this, and a page that only polls is no activity.
SEEN_EVERY = timedelta(minutes=1)


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
        memberships = selectors.memberships_in_order(user) if isinstance(user, User) else ()
        membership = selectors.chosen(memberships, request.session.get(SESSION_KEY))
        request.memberships = memberships  # type: ignore[attr-defined]  # PanelRequest says it
        request.membership = membership  # type: ignore[attr-defined]
        request.team = membership.team if membership else None  # type: ignore[attr-defined]
        if membership:
            bind_contextvars(team=str(membership.team_id))
        if membership and not request.headers.get("HX-Request"):
            _see(membership)
        return self.get_response(request)


def _see(membership: Membership) -> None:
    """Note that the member is here."""
    now = timezone.now()
    if membership.seen_at is None or membership.seen_at < now - SEEN_EVERY:
        stale = Q(seen_at=None) | Q(seen_at__lt=now - SEEN_EVERY)
        Membership.objects.filter(stale, pk=membership.pk).update(seen_at=now)

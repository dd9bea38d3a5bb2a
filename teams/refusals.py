"""Records who was turned away. A stranger's 404 is not recorded: it would tell them that there is something."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from audit import refusals
from audit.record import Subject
from audit.refusals import Refused
from teams.models import Membership, User


class RefusalMiddleware:
    """Note each 403 of a signed-in person, and write what a request noted after its answer has left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with refusals.noting() as write:
            response = self.get_response(request)
        close = response.close

        def close_and_write() -> None:
            close()
            write()

        response.close = close_and_write  # type: ignore[method-assign]  # the server calls it last
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Note the refusal of a person; Django turns it into the 403 page."""
        if isinstance(exception, PermissionDenied) and isinstance(request.user, User):
            refusals.note(_turned_away(request, request.user, str(exception)))


def _turned_away(request: HttpRequest, user: User, reason: str) -> Refused:
    """Return what is recorded, in the chain of the person's current team or in the instance's."""
    membership: Membership | None = getattr(request, "membership", None)
    view = request.resolver_match.view_name if request.resolver_match else ""
    return Refused(
        "access.refused",
        team_id=membership.team_id if membership else None,
        actor=user.actor,
        subject=Subject("page", view[:64], view),
        details={"method": request.method or "", "reason": reason},
    )

"""A team may require a second factor: until a member has one, nothing else of that team opens for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from teams import selectors
from teams.models import Team, User
from teams.permissions import Action

#: They touch no team's data: with them one goes on to another team.
OPEN = ("teams:switch", "teams:theme")


class RequireTwoFactorMiddleware:
    """Leads members without a factor to where they add one. Pages of one's own account stay open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        team: Team | None = getattr(request, "team", None)
        if team is None or not team.require_two_factor:
            return None
        if not isinstance(getattr(view, "permission", None), Action) or _is_open(request):
            return None
        return None if _has_factor(request) else _refused(request)


def _is_open(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.view_name in OPEN


def _has_factor(request: HttpRequest) -> bool:
    """Say whether there is one; where the operator trusts the issuer's, having come from there is one too."""
    row = getattr(request.session, "row", None)
    if settings.OIDC_TRUST_MFA and row is not None and "oidc" in row.how.split("+"):
        return True
    return isinstance(request.user, User) and selectors.has_second_factor(request.user)


def _refused(request: HttpRequest) -> HttpResponse:
    url = reverse("teams:security")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Redirect": url})
    return redirect(url)

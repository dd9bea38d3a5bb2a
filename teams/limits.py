"""Slowing down whoever guesses, by network address, with the counters that sign-in uses."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def limited(action: str) -> Callable[[View[P]], View[P]]:
    """Answer 429 above the rate that `ACCOUNT_RATE_LIMITS` has for the action."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def within(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not ratelimit.consume(request, app="allauth.account", action=action, limit_get=True):
                refused: HttpResponse = ratelimit.respond_429(request)
                return refused
            return view(request, *args, **kwargs)

        return within

    return decorate

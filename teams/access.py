"""The gate in front of every view: `@require(Action.X)` authorises, and declares the permission of the address."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast

from django.http import Http404, HttpRequest, HttpResponseBase

from teams.middleware import PanelRequest
from teams.permissions import Action, demand

P = ParamSpec("P")
View = Callable[Concatenate[PanelRequest, P], HttpResponseBase]
Gated = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def require(action: Action) -> Callable[[View[P]], Gated[P]]:
    """Let only members whose role may do `action` in their current team pass: others get 403, the teamless 404."""

    def decorate(view: View[P]) -> Gated[P]:
        @functools.wraps(view)
        def gated(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            member = cast(PanelRequest, request)
            if getattr(member, "membership", None) is None:
                raise Http404("no team")
            demand(member.membership, action)
            return view(member, *args, **kwargs)

        cast(Any, gated).permission = action
        return cast(Gated[P], gated)

    return decorate

"""The gates in front of views. Every address has one; it lets pass, and it declares the permission of the address.

`@require(Action.X)` is the usual one. `@personal` is for a person's own pages, `@operator_only` for those of the
instance, `@public("why")` for the few that everybody may open. A view without a gate fails the tests
(`tests/security`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from core.http import go
from teams.middleware import PanelRequest, PersonRequest
from teams.models import User
from teams.permissions import Action, demand

P = ParamSpec("P")
AnyView = TypeVar("AnyView", bound=Callable[..., HttpResponseBase])
View = Callable[Concatenate[PanelRequest, P], HttpResponseBase]
PersonView = Callable[Concatenate[PersonRequest, P], HttpResponseBase]
Gated = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


@dataclass(frozen=True)
class Personal:
    """Any signed-in person, with or without a team; the view touches what is theirs and nothing else."""


@dataclass(frozen=True)
class OperatorOnly:
    """Whoever operates the instance."""


@dataclass(frozen=True)
class Public:
    """Everybody, signed in or not, for a reason."""

    reason: str


#: What the attribute `permission` of a view may be.
Permission = Action | Personal | OperatorOnly | Public


def require(action: Action) -> Callable[[View[P]], Gated[P]]:
    """Let only members whose role may do `action` in their current team pass: others get 403, the teamless a page."""

    def decorate(view: View[P]) -> Gated[P]:
        @functools.wraps(view)
        def gated(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            member = cast(PanelRequest, request)
            if getattr(member, "membership", None) is None:
                return _teamless(request)
            demand(member.membership, action)
            return view(member, *args, **kwargs)

        return declared(cast(Gated[P], gated), action)

    return decorate


def _teamless(request: HttpRequest) -> HttpResponseBase:
    """Lead a person without a team to the page that says so; nothing else of a team is there for them."""
    if request.method not in ("GET", "HEAD"):
        raise Http404("no team")
    return go(request, reverse("teams:none"))


def personal(view: PersonView[P]) -> Gated[P]:
    """Let every signed-in person pass: for the pages of their own account."""

    @functools.wraps(view)
    def gated(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        _person(request)
        return view(cast(PersonRequest, request), *args, **kwargs)

    return declared(cast(Gated[P], gated), Personal())


def operator_only(view: PersonView[P]) -> Gated[P]:
    """Let only the operators of the instance pass; others get 403 and read how one becomes one."""

    @functools.wraps(view)
    def gated(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not _person(request).is_operator:
            raise PermissionDenied(
                _("Only an operator of this instance may. Whoever runs its machine names them.")
            )
        return view(cast(PersonRequest, request), *args, **kwargs)

    return declared(cast(Gated[P], gated), OperatorOnly())


def public(reason: str) -> Callable[[AnyView], AnyView]:
    """Let everybody pass, signed in or not. The reason is for whoever reads the list of such addresses."""

    def decorate(view: AnyView) -> AnyView:
        @functools.wraps(view)
        def gated(*args: Any, **kwargs: Any) -> HttpResponseBase:
            return view(*args, **kwargs)

        return declared(cast(AnyView, login_not_required(gated)), Public(reason))

    return decorate


def declared(view: AnyView, permission: Permission) -> AnyView:
    """Return the view, its permission written on it."""
    cast(Any, view).permission = permission
    return view


def _person(request: HttpRequest) -> User:
    """Return who is signed in; LoginRequiredMiddleware has asked already, this does not rely on it."""
    if not isinstance(request.user, User):
        raise Http404("nobody is signed in")
    return request.user

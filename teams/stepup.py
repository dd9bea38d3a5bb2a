"""Asks who sits at the browser before something grave: `@step_up(key, sentence)`, right under `@require(...)`.

    @require_POST
    @require(Action.MEMBERS_MANAGE)
    @step_up(lambda kwargs: f"member.role/{kwargs['pk']}", _("change what a member may do"))
    def change_role(request: PanelRequest, pk: UUID) -> HttpResponse: ...

The view runs only when this browser confirmed that very key, action and object, within the last five minutes.
Otherwise GET and POST lead to a page that says “Confirm that it is you, to change what a member may do.” and takes the
password, a code or a passkey. A POST is sent again from there with the same fields, and no field whose name sounds
like a secret and no file is kept for that: such a form is opened anew, so its address must answer GET too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode

from core.http import go
from teams import confirmations

P = ParamSpec("P")
Asked = TypeVar("Asked", bound=HttpRequest)
View = Callable[Concatenate[Asked, P], HttpResponseBase]
#: A name, or a function of the view's arguments that returns one, such as `member.role/<id>`.
Key = str | Callable[[Mapping[str, Any]], str]
#: What it is for, as it follows “Confirm that it is you, to …”; or a function of request and the view's arguments.
Sentence = str | Promise | Callable[[Any, Mapping[str, Any]], str]


def step_up(
    key: Key, sentence: Sentence, *, carry: Iterable[str] | None = None
) -> Callable[[View[Asked, P]], View[Asked, P]]:
    """Let the view run only for who has confirmed it; `carry` names the only fields that may be kept meanwhile."""

    def decorate(view: View[Asked, P]) -> View[Asked, P]:
        @functools.wraps(view)
        def confirmed(request: Asked, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            name = key(kwargs) if callable(key) else key
            if confirmations.holds(request, name):
                return view(request, *args, **kwargs)
            words = _words(sentence, request, kwargs)
            return ask(request, name, words, carry)

        return cast(View[Asked, P], confirmed)

    return decorate


def ask(request: HttpRequest, key: str, words: str, carry: Iterable[str] | None = None) -> HttpResponseBase:
    """Lead to the page that asks, for this request and this key."""
    waiting = confirmations.wait(request, key, words, carry)
    return go(request, f"{reverse('account_confirm')}?{urlencode({'for': waiting.id})}")


def _words(sentence: Sentence, request: HttpRequest, kwargs: Mapping[str, Any]) -> str:
    if isinstance(sentence, str | Promise):
        return str(sentence)
    return sentence(request, kwargs)

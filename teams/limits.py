"""Slows down whoever guesses: so many tries in so many seconds, counted by account and by network address.

Each try takes one of a few places in the shared cache until its time is over. Taking one is a single atomic `add`, so
tries at the same moment are counted like any others, in every process.
"""

from __future__ import annotations

import functools
import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, cast

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.addresses import client_ip, network_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


@dataclass(frozen=True)
class Limit:
    """At most `most` tries within `seconds`."""

    name: str
    most: int
    seconds: int


#: By what somebody tries: what one account takes, and what one network address takes, over all accounts.
BY_ACCOUNT = {
    "sign_in": Limit("sign_in.account", 8, 300),
    "second_factor": Limit("second_factor.account", 6, 300),
    "confirm": Limit("confirm.account", 8, 300),
    "password": Limit("password.account", 8, 300),
}
BY_ADDRESS = {
    "sign_in": Limit("sign_in.address", 40, 300),
    "passkey": Limit("passkey.address", 120, 300),
    "second_factor": Limit("second_factor.address", 40, 300),
    "confirm": Limit("confirm.address", 40, 300),
    "password": Limit("password.address", 40, 300),
    "invitation": Limit("invitation.address", 30, 60),
    "recovery": Limit("recovery.address", 30, 60),
    "oidc": Limit("oidc.address", 30, 60),
}


def take(limit: Limit, who: str) -> int:
    """Count one try. Return 0 when it may go on, else the seconds until the next one may."""
    now = time.time()
    names = [_place(limit, who, number) for number in range(limit.most)]
    taken = cache.get_many(names)
    until = now + limit.seconds
    for name in names:
        if name not in taken and cache.add(name, until, limit.seconds):
            return 0
    first = min((float(end) for end in taken.values()), default=until)
    return max(1, math.ceil(first - now))


def forget(limit: Limit, who: str) -> None:
    """Give back every place: whoever proved who they are was not guessing."""
    cache.delete_many([_place(limit, who, number) for number in range(limit.most)])


def give_back(limit: Limit, who: str) -> None:
    """Give back one place, the newest: a try that was right is no guess, and many people share an address."""
    taken = cache.get_many([_place(limit, who, number) for number in range(limit.most)])
    if taken:
        cache.delete(max(taken, key=lambda name: float(taken[name])))


def count(request: HttpRequest, what: str, account: str = "") -> int:
    """Count one try against the address and, where there is one, the account; return the seconds to wait, or 0."""
    wait = take(BY_ADDRESS[what], network_of(client_ip(request))) if what in BY_ADDRESS else 0
    if account and what in BY_ACCOUNT:
        wait = max(wait, take(BY_ACCOUNT[what], account))
    return wait


def succeeded(request: HttpRequest, what: str, account: str = "") -> None:
    """Forget the account's failed tries, and this one of the address.

    The failed ones of the address stay: of many accounts that somebody guesses at one may be their own.
    """
    give_back(BY_ADDRESS[what], network_of(client_ip(request)))
    if account:
        forget(BY_ACCOUNT[what], account)


def limited(what: str) -> Callable[[View[P]], View[P]]:
    """Answer 429 to an address that opens a view too often: for tokens in addresses, which have no account yet."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def within(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            wait = count(request, what)
            return too_many(request, wait) if wait else view(request, *args, **kwargs)

        return cast(View[P], within)

    return decorate


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """Answer 429 with the page that says when to come back, and `Retry-After` for programs."""
    minutes = math.ceil(seconds / 60)
    response = render(request, "429.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def _place(limit: Limit, who: str, number: int) -> str:
    """Return the cache key of one place; whoever reads the cache learns no e-mail from it."""
    digest = hashlib.sha256(who.encode()).hexdigest()[:32]
    return f"limit:{limit.name}:{digest}:{number}"

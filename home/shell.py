"""The frame around every page: who is here, where they can go, what pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from home import around
from home.around import Around, Payer
from home.stops.pages import title_of
from teams.middleware import PanelRequest
from teams.models import Team
from teams.permissions import Action, allows
from wallets import gateways, halts, standing
from wallets.models import Gateway, Halt


@dataclass(frozen=True)
class Place:
    """One place in the navigation, before any request: its labels are translated when they are shown.

    `also`: where the addresses of further pages begin that belong to it.
    """

    url_name: str
    label: Promise
    icon: str
    key: str = ""
    also: str = ""


@dataclass(frozen=True)
class NavItem:
    """One place as it is shown. `due` says that the count waits for a person; `g` and `key` go there."""

    label: str
    icon: str
    url: str
    current: bool = False
    count: int | None = None
    due: bool = False
    key: str = ""


@dataclass(frozen=True)
class NavSection:
    """A labelled group of places."""

    label: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True)
class ShellBalance:
    """What the wallet beside the search field holds. `micros` None: not read yet."""

    micros: int | None
    network: str
    title: str
    url: str


@dataclass(frozen=True)
class Outage:
    """The gateway does not answer as it should: silent `since`, or slow, or it asked for fewer requests."""

    gateway: Gateway
    since: datetime | None
    answered_at: datetime | None
    slow_seconds: int
    throttled: bool


@dataclass(frozen=True)
class Stop:
    """What is stopped around the page: everything, the team, or the gateway in use."""

    title: str
    sentence: str
    url: str
    may_resume: bool


@dataclass(frozen=True)
class Shell:
    """Everything `shell.html` shows around a page."""

    team: Team
    teams: tuple[Team, ...]
    role_label: str
    gateway: Gateway
    gateways: tuple[Gateway, ...]
    nav: tuple[NavSection, ...]
    bottom: tuple[NavItem, ...]
    wallet_balance: ShellBalance | None
    worker_silent: bool
    halt: Stop | None
    outage: Outage | None
    unread: int


PLACES: tuple[tuple[Promise | str, tuple[Place, ...]], ...] = (
    (
        "",
        (
            Place("home:home", gettext_lazy("Home"), "house", "h"),
            Place("projects:list", gettext_lazy("Projects"), "box", "p"),
            Place("deploys:list", gettext_lazy("Deploys"), "rocket", "d"),
            Place("jobs:list", gettext_lazy("Jobs"), "cpu", "j"),
        ),
    ),
    (
        gettext_lazy("Money"),
        (
            Place("billing:wallets", gettext_lazy("Wallets"), "wallet", "w"),
            Place("billing:payments", gettext_lazy("Payments"), "receipt-text"),
            Place("billing:tiers", gettext_lazy("Tiers"), "credit-card", also="/checkouts/"),
        ),
    ),
    (
        gettext_lazy("Team"),
        (
            Place("operations:list", gettext_lazy("Activity"), "activity"),
            Place("teams:members", gettext_lazy("Members"), "users"),
            Place("home:settings", gettext_lazy("Settings"), "settings"),
        ),
    ),
)
#: Only for those who operate the instance.
INSTANCE = Place("home:instance", gettext_lazy("Instance"), "server")
BOTTOM = ("home:home", "projects:list", "deploys:list", "billing:wallets")


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the frame, built only when a template reads it, and only for members."""
    if getattr(request, "membership", None) is None:
        return {"shell": None}
    member = cast(PanelRequest, request)
    return {"shell": SimpleLazyObject(lambda: build(member))}


def build(request: PanelRequest) -> Shell:
    """Return the frame of one request; the queries it makes are counted by a test."""
    gateway = gateways.of(request)
    found = around.read(request.membership, gateway)
    nav = _sections(request, found)
    bottom = {reverse(name) for name in BOTTOM}
    return Shell(
        team=request.team,
        teams=tuple(membership.team for membership in request.memberships),
        role_label=request.membership.get_role_display(),
        gateway=gateway,
        gateways=tuple(gateways.choices_of(request)),
        nav=nav,
        bottom=tuple(item for section in nav for item in section.items if item.url in bottom),
        wallet_balance=_balance(found.payer, gateway) if found.payer else None,
        worker_silent=found.silent,
        halt=_stop(found.halt, request) if found.halt else None,
        outage=_outage(gateway),
        unread=found.unread,
    )


def _stop(halt: Halt, request: PanelRequest) -> Stop | None:
    """Return the banner; whoever can lift it is led to where that is done, and on that page it is said already."""
    by_operator = halt.scope != Halt.Scope.TEAM and request.user.is_operator
    by_member = halt.scope == Halt.Scope.TEAM and allows(request.membership.role, Action.HALT)
    url = reverse("home:instance_stops" if by_operator else "home:stops")
    if url == request.path:
        return None
    return Stop(title_of(halt), halts.said(halt), url, may_resume=by_operator or by_member)


def _outage(gateway: Gateway) -> Outage | None:
    """Return what is wrong with the gateway, from the row that workers keep; the page asks nobody."""
    row = standing.of(gateway)
    if row is None:
        return None
    throttled = not row.is_open and row.is_held(timezone.now())
    if not (row.is_open or row.is_slow or throttled):
        return None
    slow = round(row.slow_milliseconds / 1000) if row.is_slow else 0
    return Outage(gateway, row.since, row.answered_at, slow, throttled)


def _sections(request: PanelRequest, found: Around) -> tuple[NavSection, ...]:
    counts = _counts(found)
    places = [*PLACES, *([("", (INSTANCE,))] if request.user.is_operator else [])]
    return tuple(
        NavSection(str(label), tuple(_item(request.path, place, counts) for place in group))
        for label, group in places
    )


def _item(path: str, place: Place, counts: dict[str, tuple[int, bool]]) -> NavItem:
    url = reverse(place.url_name)
    current = path == url or (url != "/" and path.startswith(url.rstrip("/") + "/"))
    current = current or bool(place.also and path.startswith(place.also))
    count, due = counts.get(place.url_name, (None, False))
    return NavItem(str(place.label), place.icon, url, current, count, due, place.key)


def _counts(found: Around) -> dict[str, tuple[int, bool]]:
    """Return the figures beside places: deploys that wait for a person (due), else that run."""
    if found.deploys_waiting:
        return {"deploys:list": (found.deploys_waiting, True)}
    return {"deploys:list": (found.deploys_under_way, False)} if found.deploys_under_way else {}


def _balance(payer: Payer, gateway: Gateway) -> ShellBalance:
    title = _("Wallet that pays: %(name)s") % {"name": payer.label}
    url = reverse("billing:wallet", args=[payer.pk])
    return ShellBalance(payer.micros, gateway.networks[0], title, url)

"""The frame around every page: who is here, where they can go, what pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import Count, Exists, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from home.stops.pages import title_of
from notifications.selectors import unread_of
from operations import selectors as operation_selectors
from teams.middleware import PanelRequest
from teams.models import Membership, Team
from teams.permissions import Action, allows
from teams.reach import Reach
from wallets import gateways, halts, standing
from wallets.models import Gateway, Halt
from wallets.selectors import ready_wallets


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
    nav = _sections(request)
    silent, unread, halt = _around(request, gateway)
    bottom = {reverse(name) for name in BOTTOM}
    return Shell(
        team=request.team,
        teams=tuple(membership.team for membership in request.memberships),
        role_label=request.membership.get_role_display(),
        gateway=gateway,
        gateways=tuple(gateways.choices_of(request)),
        nav=nav,
        bottom=tuple(item for section in nav for item in section.items if item.url in bottom),
        wallet_balance=_balance(request.membership.reach, gateway),
        worker_silent=silent,
        halt=_stop(halt, request) if halt else None,
        outage=_outage(gateway),
        unread=unread,
    )


def _around(request: PanelRequest, gateway: Gateway) -> tuple[bool, int, Halt | None]:
    """Say whether no worker is alive, how many notices are unread, and what is stopped: one query around every page."""
    unread = unread_of(request.user, request.membership).order_by().values("person").annotate(n=Count("pk"))
    halt = halts.touching(request.team.pk, gateway.pk).values_list(JSONObject(**halts.TOLD))[:1]
    alive, count, told = (
        Membership.objects.filter(pk=request.membership.pk)
        .values_list(
            Exists(operation_selectors.alive_workers()),
            Coalesce(Subquery(unread.values("n")), 0),
            Subquery(halt),
        )
        .get()
    )
    return not alive, count, halts.from_told(told) if told else None


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


def _sections(request: PanelRequest) -> tuple[NavSection, ...]:
    counts = _counts(request.membership.reach)
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


def _counts(reach: Reach) -> dict[str, tuple[int, bool]]:
    """Return the figures beside places: deploys that wait for a person (due), else that run."""
    waiting, running = operation_selectors.deploys_under_way(reach)
    if waiting:
        return {"deploys:list": (waiting, True)}
    return {"deploys:list": (running, False)} if running else {}


def _balance(reach: Reach, gateway: Gateway) -> ShellBalance | None:
    wallet = ready_wallets(reach, gateway).order_by("created_at").first()
    if wallet is None:
        return None
    title = _("Wallet that pays: %(name)s") % {"name": wallet.label}
    url = reverse("billing:wallet", args=[wallet.pk])
    return ShellBalance(wallet.balance_micros, gateway.networks[0], title, url)

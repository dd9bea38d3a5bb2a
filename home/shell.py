"""The frame around every page: who is here, where they can go, what pays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from operations import selectors as operation_selectors
from operations.models import State
from teams.models import Membership, Team
from wallets import gateways
from wallets.models import Gateway, Wallet
from wallets.models.gateway import BASE_SEPOLIA


@dataclass(frozen=True)
class NavItem:
    """One place in the navigation. `due` says that the count waits for a person; `g` and `key` go there."""

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
    test: bool
    title: str
    url: str


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
    initials: str
    tone: int


PLACES = (
    ("", (("home:home", _("Home"), "house"), ("projects:list", _("Projects"), "box"), ("deploys:list", _("Deploys"), "rocket"))),
    (
        _("Money"),
        (
            ("billing:wallets", _("Wallets"), "wallet"),
            ("billing:payments", _("Payments"), "receipt-text"),
            ("billing:tiers", _("Tiers"), "credit-card"),
        ),
    ),
    (_("Team"), (("operations:list", _("Activity"), "activity"), ("home:settings", _("Settings"), "settings"))),
)
KEYS = {"home:home": "h", "projects:list": "p", "deploys:list": "d", "billing:wallets": "w"}
BOTTOM = ("home:home", "projects:list", "deploys:list", "billing:wallets")


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the frame, built only when a template reads it, and only for members."""
    membership: Membership | None = getattr(request, "membership", None)
    if membership is None:
        return {"shell": None}
    member = membership
    return {"shell": SimpleLazyObject(lambda: build(request, member))}


def build(request: HttpRequest, membership: Membership) -> Shell:
    """Return the frame of one request."""
    team, user = membership.team, membership.user
    gateway = gateways.of(request)
    nav = _sections(request, team)
    return Shell(
        team=team,
        teams=tuple(other.team for other in request.memberships),  # type: ignore[attr-defined]  # set by the middleware
        role_label=membership.get_role_display(),
        gateway=gateway,
        gateways=tuple(gateways.choices_of(request)),
        nav=nav,
        bottom=tuple(item for section in nav for item in section.items if item.url in _urls(BOTTOM)),
        wallet_balance=_balance(team, gateway),
        worker_silent=operation_selectors.worker_is_silent(),
        initials=_initials(user.label),
        tone=int(user.pk.hex[:2], 16) % 6,
    )


def _sections(request: HttpRequest, team: Team) -> tuple[NavSection, ...]:
    counts = _counts(team)
    return tuple(
        NavSection(label, tuple(_item(request, *place, counts) for place in places)) for label, places in PLACES
    )


def _item(request: HttpRequest, name: str, label: str, icon: str, counts: dict[str, tuple[int, bool]]) -> NavItem:
    url = reverse(name)
    current = request.path == url or (url != "/" and request.path.startswith(url.rstrip("/") + "/"))
    count, due = counts.get(name, (None, False))
    return NavItem(label, icon, url, current, count, due, KEYS.get(name, ""))


def _counts(team: Team) -> dict[str, tuple[int, bool]]:
    """Return the figures beside places: deploys that wait for a person (due), else that run."""
    states = list(operation_selectors.deploy_states(team))
    waiting = states.count(State.WAITING)
    running = len(states) - waiting
    if waiting:
        return {"deploys:list": (waiting, True)}
    return {"deploys:list": (running, False)} if running else {}


def _urls(names: tuple[str, ...]) -> set[str]:
    return {reverse(name) for name in names}


def _balance(team: Team, gateway: Gateway) -> ShellBalance | None:
    wallet = Wallet.objects.filter(team=team, gateway=gateway, state=Wallet.State.READY).order_by("created_at").first()
    if wallet is None:
        return None
    url = reverse("billing:wallet", args=[wallet.pk])
    title = _("Wallet that pays: %(name)s") % {"name": wallet.label}
    return ShellBalance(wallet.balance_micros, BASE_SEPOLIA, True, title, url)


def _initials(label: str) -> str:
    words = label.replace("@", " ").replace(".", " ").split()
    return "".join(word[0] for word in words[:2]).upper() or "?"

"""One search over pages, actions and whatever the rooms offer through `core.registry.search_sources`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.registry import Hit, search_sources
from home.shell import PLACES
from teams.middleware import PanelRequest
from teams.permissions import Action, allows

LONGEST = 100

ACTIONS: tuple[tuple[Promise, str, str, Action], ...] = (
    (gettext_lazy("New project"), "projects:new", "plus", Action.PROJECT_CREATE),
    (gettext_lazy("Deploy a site"), "deploys:new", "rocket", Action.DEPLOY),
    (gettext_lazy("New wallet"), "billing:wallet_new", "wallet", Action.WALLET_MANAGE),
    (gettext_lazy("Import a wallet"), "billing:wallet_import", "import", Action.WALLET_MANAGE),
    (gettext_lazy("Choose or renew a tier"), "billing:tiers", "credit-card", Action.TIER_SET),
    (gettext_lazy("Passkeys that confirm"), "billing:passkeys", "fingerprint-pattern", Action.WALLET_RAISE),
    (gettext_lazy("Invite somebody"), "teams:invite", "user-plus", Action.MEMBERS_MANAGE),
    (gettext_lazy("Team rules"), "teams:rules", "shield", Action.VIEW),
    (gettext_lazy("Stop this team"), "home:stop_team", "circle-stop", Action.HALT),
    (gettext_lazy("Inbox"), "notifications:inbox", "inbox", Action.VIEW),
    (gettext_lazy("What you are told"), "notifications:rules", "bell", Action.VIEW),
    (gettext_lazy("Webhooks"), "notifications:hooks", "plug", Action.HOOKS_MANAGE),
    (gettext_lazy("Change password"), "account_change_password", "key-round", Action.VIEW),
)

SOURCES: dict[str, Promise] = {
    "projects": gettext_lazy("Projects"),
    "secrets": gettext_lazy("Secrets"),
    "wallets": gettext_lazy("Wallets"),
    "deploys": gettext_lazy("Deploys"),
    "releases": gettext_lazy("Releases"),
    "jobs": gettext_lazy("Jobs"),
    "operations": gettext_lazy("Activity"),
}


@dataclass(frozen=True)
class Shown:
    """A result whose label has what was searched for marked."""

    label: SafeString
    hit: Hit


@dataclass(frozen=True)
class Group:
    """Results of one kind."""

    label: str
    hits: tuple[Shown, ...]


@dataclass(frozen=True)
class Found:
    """All results for a text."""

    text: str
    groups: tuple[Group, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(len(group.hits) for group in self.groups)


def search(request: PanelRequest, text: str) -> Found:
    """Return what fits the text; for an empty one the actions and pages."""
    text = " ".join(text.split())[:LONGEST]
    groups = [(_("Do"), _actions(request, text)), (_("Go to"), _pages(text))]
    if text:
        groups += [(_title(key), search_sources.get(key)(request, text)) for key in _sources()]
    return Found(text, tuple(Group(label, _shown(hits, text)) for label, hits in groups if hits))


def _actions(request: PanelRequest, text: str) -> list[Hit]:
    role = request.membership.role
    return [
        Hit(str(label), "", reverse(name), icon)
        for label, name, icon, action in ACTIONS
        if allows(role, action) and _fits(str(label), text)
    ]


def _pages(text: str) -> list[Hit]:
    places = [place for _label, section in PLACES for place in section]
    return [
        Hit(str(place.label), f"g {place.key}" if place.key else "", reverse(place.url_name), place.icon)
        for place in places
        if _fits(str(place.label), text)
    ]


def _sources() -> list[str]:
    """Return the keys of all sources: first those of SOURCES in that order, then what other rooms add."""
    others = [key for key, _source in search_sources.items() if key not in SOURCES]
    return [key for key in SOURCES if key in search_sources] + others


def _title(key: str) -> str:
    return str(SOURCES.get(key) or capfirst(key))


def _fits(label: str, text: str) -> bool:
    return all(word in label.casefold() for word in text.casefold().split())


def _shown(hits: list[Hit], text: str) -> tuple[Shown, ...]:
    return tuple(Shown(marked(hit.label, text), hit) for hit in hits)


def marked(label: str, text: str) -> SafeString:
    """Return the label with every word of the text marked, everything else escaped."""
    words = [re.escape(word) for word in text.split()]
    if not words:
        return conditional_escape(label)
    parts = re.split(f"({'|'.join(words)})", label, flags=re.IGNORECASE)
    pieces = [
        format_html("<mark>{}</mark>", part) if odd % 2 else conditional_escape(part)
        for odd, part in enumerate(parts)
    ]
    return mark_safe("".join(pieces))  # noqa: S308 - every piece was escaped above

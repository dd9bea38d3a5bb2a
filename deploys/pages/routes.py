"""The routes of what is live: the table, the public paths, and the warnings about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from deploys import routing, warned
from deploys.models import Release
from deploys.pages.xray import XrayPage
from deploys.routing import Entry, Site
from deploys.warned import Explained
from deploys.xray import words
from operations.models import Operation
from projects.models import Project
from run402.reading import mapping
from run402.spec.routes import MOST_ROUTES

PER_PAGE = 50
POLL_MILLISECONDS = 1000
#: Names in one note; the rest is counted.
MOST_NAMES = 3


@dataclass(frozen=True)
class Note:
    """One thing to know about a route. `tone` is ok, warn, bad or idle."""

    tone: str
    text: str

    @property
    def icon(self) -> str:
        return {"ok": "circle-check", "warn": "triangle-alert", "bad": "circle-x"}.get(self.tone, "info")


@dataclass(frozen=True)
class RouteRow:
    """One route as the table shows it; `order` counts from 1."""

    order: int
    entry: Entry
    notes: tuple[Note, ...]

    @property
    def methods(self) -> str:
        return ", ".join(self.entry.methods) if self.entry.methods else _("any")

    @property
    def kind(self) -> str:
        return _("prefix") if self.entry.is_prefix else _("exact")

    @property
    def target(self) -> str:
        """What kind of thing it leads to; a kind that the panel does not know is named as it is."""
        known = {"function": _("function"), "static": _("file")}
        type_ = str(self.entry.target.get("type") or "")
        return known.get(type_, type_)


@dataclass(frozen=True)
class PublicPath:
    """One address of the site without its routes' functions."""

    path: str
    file: str
    reach: str
    direct: bool
    cache: str


@dataclass(frozen=True)
class WarningRow:
    """A warning of the live release with its explanation, if there is one."""

    code: str
    title: str
    message: str
    explained: Explained | None


@dataclass(frozen=True)
class RoutesPage:
    """The page. `release` None: nothing is live that the panel knows."""

    project: Project
    release: Release | None
    rows: tuple[RouteRow, ...]
    paths: Page[PublicPath] | None
    mode: str
    query: str
    warnings: tuple[WarningRow, ...]
    box: XrayPage
    sync: Operation | None
    may_edit: bool
    most: int = MOST_ROUTES

    @property
    def delay(self) -> int | None:
        """So many milliseconds until it is looked whether they were read."""
        return POLL_MILLISECONDS if self.sync and self.sync.is_active else None

    @property
    def explanations(self) -> Mapping[str, Explained]:
        """Every warning about routes."""
        return warned.ROUTES


def route_rows(entries: Sequence[Entry], site: Site) -> tuple[RouteRow, ...]:
    """Return the table in the order of serving, with what each route hides and what goes before it."""
    return tuple(
        RouteRow(number, entry, tuple(_notes(entry, entries, site)))
        for number, entry in enumerate(entries, 1)
    )


def _notes(entry: Entry, entries: Sequence[Entry], site: Site) -> list[Note]:
    first = routing.goes_first(entry, entries)
    found = [_reach(entry, site)]
    if first:
        names = _some([other.pattern for other in first])
        found.append(Note("idle", _("%(names)s goes first.") % {"names": names}))
    if behind := [other.pattern for other in entries if entry in routing.goes_first(other, entries)]:
        found.append(Note("idle", _("Goes before %(names)s.") % {"names": _some(behind)}))
    if hidden := routing.hides(entry, site, first):
        found.append(Note("warn", _("Hides the file at %(names)s.") % {"names": _some(hidden)}))
    if shown := routing.shows_file_to_get(entry, entries, site):
        found.append(Note("warn", _("GET still shows the file at %(names)s.") % {"names": _some(shown)}))
    return found


def _reach(entry: Entry, site: Site) -> Note:
    """Say who reaches what through the route."""
    if routing.is_target_missing(entry, site):
        text = (
            _("The live release has no function %(name)s.")
            if entry.is_function
            else _("The live release has no file %(name)s.")
        )
        return Note("bad", text % {"name": entry.leads_to})
    if entry.is_function:
        return Note("ok", _("Anybody can call the function; it may refuse by itself."))
    return Note("ok", _("Shows the file at this address."))


def _some(names: Sequence[str]) -> str:
    first = ", ".join(names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return first if more <= 0 else _("%(some)s and %(more)s more") % {"some": first, "more": more}


def public_paths(inventory: Mapping[str, Any], query: str) -> list[PublicPath] | None:
    """Return the public paths that fit; None when the gateway does not tell them."""
    rows = inventory.get("public_paths")
    if not isinstance(rows, list):
        return None
    found = [_public_path(row) for row in rows if isinstance(row, Mapping)]
    return [one for one in found if query.lower() in f"{one.path} {one.file}".lower()]


def _public_path(row: Mapping[str, Any]) -> PublicPath:
    return PublicPath(
        path=str(row.get("public_path") or ""),
        file=str(row.get("asset_path") or ""),
        reach=words.explained(words.AUTHORITIES, str(row.get("reachability_authority") or "")),
        direct=row.get("direct") is True,
        cache=words.explained(words.CACHED, str(row.get("cache_class") or "")),
    )


def mode_of(release: Release) -> str:
    """Say which files are reachable, as far as the inventory tells."""
    rows = release.inventory.get("public_paths")
    if not isinstance(rows, list):
        return ""
    authorities = {row.get("reachability_authority") for row in rows if isinstance(row, Mapping)}
    if "implicit_file_path" in authorities:
        return _("Every file of the site is reachable at its own name.")
    return _("Only the paths below are reachable.")


def warnings_of(inventory: Mapping[str, Any]) -> tuple[WarningRow, ...]:
    """Return the warnings of a release, each explained."""
    rows = inventory.get("warnings")
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    codes = [(str(row.get("code") or "UNKNOWN_WARNING"), str(row.get("message") or "")) for row in found]
    return tuple(
        WarningRow(code, warned.title_of(code), said, warned.explained(code)) for code, said in codes
    )


def routes_page(
    project: Project,
    release: Release | None,
    *,
    query: str,
    page: str | None,
    box: XrayPage,
    sync: Operation | None,
    may_edit: bool,
) -> RoutesPage:
    """Put the page together from the mirror of the live release."""
    inventory = release.inventory if release else {}
    paths = public_paths(inventory, query)
    entries = routing.entries_of(mapping(inventory, "routes").get("entries"))
    return RoutesPage(
        project=project,
        release=release,
        rows=route_rows(entries, routing.site_of(inventory)),
        paths=None if paths is None else Paginator(paths, PER_PAGE).get_page(page),
        mode=mode_of(release) if release else "",
        query=query,
        warnings=warnings_of(inventory),
        box=box,
        sync=sync,
        may_edit=may_edit,
    )

"""The pages of releases: what came to serve, and what bringing one back would and would not restore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deploys import raw, routing
from deploys.models import Release
from deploys.pages.inventory import Inventory, inventory_of
from operations.models import Operation
from projects.models import Project
from projects.selectors import may_work_on
from run402 import reading
from teams.models import Membership
from teams.permissions import Action

PER_PAGE = 100


@dataclass(frozen=True)
class ReleasesPage:
    """The list. `delay` in milliseconds while a reading is under way."""

    project: Project
    releases: Page[Release]
    sync: Operation | None
    delay: int | None
    sees_operations: bool
    may_deploy: bool

    @property
    def polled(self) -> str:
        """The address of this very page of the list."""
        return f"{reverse('deploys:releases', args=[self.project.pk])}?page={self.releases.number}"


@dataclass(frozen=True)
class File:
    """One file of a release. `size` None: the gateway does not tell. `kept`: its bytes are in the archive."""

    path: str
    size: int | None
    content_type: str
    kept: bool = False

    @property
    def is_image(self) -> bool:
        return raw.is_image(self.content_type)


@dataclass(frozen=True)
class ReleasePage:
    """One release."""

    project: Project
    release: Release
    files: Page[File]
    query: str
    hidden: int
    inventory: Inventory
    subdomains: tuple[str, ...]
    restored: tuple[str, ...]
    not_restored: tuple[str, ...]
    way: str
    sees_deploy: bool
    may_deploy: bool


def release_page(
    release: Release, membership: Membership, *, query: str = "", page: str | None = None
) -> ReleasePage:
    """Put the page together; `query` narrows files and public paths, `page` names the page of files."""
    project = release.project
    files = _files(release)
    found = [file for file in files if query.lower() in file.path.lower()]
    return ReleasePage(
        project=project,
        release=release,
        files=Paginator(found, PER_PAGE).get_page(page),
        query=query,
        hidden=max((release.file_count or 0) - len(files), 0),
        inventory=inventory_of(release, query),
        subdomains=reading.strings(reading.mapping(release.inventory, "subdomains"), "names"),
        restored=tuple(_restored(release)),
        not_restored=tuple(_not_restored(release)),
        way=_way(release),
        sees_deploy=membership.reach.covers(wallet_id=project.wallet_id),
        may_deploy=may_work_on(project, membership, Action.DEPLOY),
    )


def _files(release: Release) -> list[File]:
    if release.archive:
        site = release.archive.get("site") or {}
        return [
            File(path, site[path]["size"], site[path].get("content_type") or "", kept=True)
            for path in sorted(site)
        ]
    rows = reading.documents(reading.mapping(release.inventory, "site"), "paths")
    return [
        File(path, None, reading.text(row, "content_type") or "")
        for row in rows
        if (path := reading.text(row, "path"))
    ]


def _functions(release: Release) -> list[str]:
    if release.archive:
        return sorted(release.archive.get("functions") or {})
    return routing.names_of(release.inventory, "functions", "name")


def _way(release: Release) -> str:
    if release.archive:
        return _("From the archive: the panel kept the complete state of this release and applies it again.")
    return _(
        "By promote: this release was made elsewhere, so Run402 moves the live pointer back to it. "
        "Where it cannot, the panel rebuilds what the inventory allows."
    )


def _restored(release: Release) -> list[str]:
    """Say what comes back."""
    count = release.file_count or 0
    found = [
        ngettext("%(count)s site file, as it was", "%(count)s site files, as they were", count)
        % {"count": count}
    ]
    functions = _functions(release)
    if functions and release.archive:
        found.append(_("functions: %(names)s") % {"names": ", ".join(functions)})
    found.append(_("routes, public paths and languages"))
    return found


def _not_restored(release: Release) -> list[str]:
    """Say what stays as it is now."""
    found = [
        _("data and schema: migrations since then stay"),
        _("secret values: today's are used"),
        _("addresses: the project keeps those it has now"),
    ]
    if not release.archive and _functions(release):
        found.append(_("function code: it stays what was deployed last"))
    return found


def facts_of(release: Release) -> dict[str, Any]:
    """Return the ids worth copying."""
    inventory = release.inventory
    return {
        _("Release"): release.remote_id,
        _("Operation"): inventory.get("operation_id") or "",
        _("Digest"): inventory.get("manifest_digest") or "",
    }

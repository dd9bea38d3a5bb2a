"""What of a project stands in this room: shown before it is deleted, and no longer live afterwards."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.registry import Belonging
from deploys import routing
from deploys.models import Release
from projects.deleting import named
from projects.models import Project


def of_project(project: Project) -> list[Belonging]:
    """Return releases, and what the live one holds."""
    releases = Release.objects.filter(project=project)
    count = releases.count()
    if not count:
        return []
    label = ngettext("%(count)s release", "%(count)s releases", count) % {"count": count}
    detail = _("none can be brought back; what the panel archived of them stays readable here")
    live = releases.filter(status="active").only("inventory").first()
    return [Belonging("history", label, detail), *(_held(live) if live else [])]


def _held(live: Release) -> list[Belonging]:
    functions = routing.names_of(live.inventory, "functions", "name")
    if not functions:
        return []
    label = ngettext("%(count)s function", "%(count)s functions", len(functions))
    return [Belonging("file-code", label % {"count": len(functions)}, named(functions))]


def end_with_project(project: Project) -> None:
    """No release of a deleted project is live."""
    Release.objects.filter(project=project, status="active").update(status="deleted")

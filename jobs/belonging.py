"""What of a project stands in this room: the runs that are told before it is deleted, and end with it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.registry import Belonging
from jobs import ending, selectors
from projects.deleting import named
from projects.models import Project


def of_project(project: Project) -> list[Belonging]:
    """Return the jobs that run now: nobody reads their end once the project is gone."""
    running = selectors.unsettled().filter(project=project, ended_at=None)
    names = [job.title for job in running.order_by("created_at").defer(*selectors.LARGE)]
    if not names:
        return []
    label = ngettext("%(count)s running job", "%(count)s running jobs", len(names)) % {"count": len(names)}
    detail = _("%(names)s; what they cost will not be known, so their whole caps count")
    return [Belonging("cpu", label, detail % {"names": named(names)})]


def end_with_project(project: Project) -> None:
    """No job of a deleted project goes on, and none keeps its reservation."""
    for job in selectors.unsettled().filter(project=project).select_related("created_by"):
        ending.end_gone(job)

"""The project that an operation is about."""

from __future__ import annotations

from operations.work import Work
from projects.models import Project


def project_of(work: Work) -> Project:
    """Return the operation's project, of the operation's team."""
    projects = Project.objects.select_related("wallet", "gateway").filter(team=work.operation.team)
    return projects.get(pk=str(work.operation.subject_id))

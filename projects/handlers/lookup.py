"""Finds out at Run402 what a wallet has: what became of a project, and whose one it is."""

from __future__ import annotations

import run402
from projects.models import Project
from run402.resources.projects import ProjectSummary


def unclaimed(client: run402.Client, project: Project) -> tuple[str, ...]:
    """Return the ids of projects of this name that the wallet has at Run402 and no row of the panel stands for."""
    rows = Project.objects.filter(gateway=project.gateway).exclude(remote_id="")
    known = set(rows.values_list("remote_id", flat=True))
    listed = client.projects.list_by_wallet(project.wallet.address)
    return tuple(row.id for row in listed if row.name == project.name and row.id not in known)


def listed(client: run402.Client, project: Project) -> ProjectSummary | None:
    """Return the project as Run402 lists it for its wallet; None when that wallet has no such project."""
    rows = client.projects.list_by_wallet(project.wallet.address)
    return next((row for row in rows if row.id == project.remote_id), None)

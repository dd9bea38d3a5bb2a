"""Finds out what became of a project whose making left no answer."""

from __future__ import annotations

import run402
from projects.models import Project


def unclaimed(client: run402.Client, project: Project) -> tuple[str, ...]:
    """Return the ids of projects of this name that the wallet has at Run402 and no row of the panel stands for."""
    rows = Project.objects.filter(gateway=project.gateway).exclude(remote_id="")
    known = set(rows.values_list("remote_id", flat=True))
    listed = client.projects.list_by_wallet(project.wallet.address)
    return tuple(row.id for row in listed if row.name == project.name and row.id not in known)

"""Mirrors a project's releases, also those made by the CLI or by CI."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.errors import Refusal
from deploys import mirror, questions
from deploys.models import Release
from operations.work import Work
from projects.models import Project
from run402 import Client
from run402.errors import NotFound
from run402.resources.plans import ApplyOperation
from run402.resources.releases import Inventory

PAGES, PAGE_SIZE = 3, 50
#: Inventories read in one go of releases that the panel has not looked at yet.
MOST_INVENTORIES = 15


def releases(work: Work) -> dict[str, Any]:
    """Read the live release and the list of operations; write what is new."""
    project = project_of(work)
    with work.client(sign=False) as client:
        active = client.releases.active(anon_key=project.anon_key, site_limit=mirror.SHOWN_PATHS)
        made = _made(client, project)
        _write(project, active, made)
        looked = _look_closer(work, client, project)
    return {"releases": len(made), "inventories": looked}


def project_of(work: Work) -> Project:
    """Return the project that a reading is about. Raises Refusal when there is none, or it cannot be read yet."""
    project = Project.objects.filter(pk=work.args["project"], team_id=work.operation.team_id).first()
    if project is None or not project.is_ready:
        raise Refusal("PROJECT_NOT_READY", _("This project is not there, or not made yet."))
    questions.require_answers(project)
    return project


def _made(client: Client, project: Project) -> list[ApplyOperation]:
    """Return the newest operations that made a release; there is no list of releases (contract: apply 3.1)."""
    found: list[ApplyOperation] = []
    cursor: str | None = None
    for _page in range(PAGES):
        page = client.apply.operations(anon_key=project.anon_key, limit=PAGE_SIZE, cursor=cursor)
        found += [
            operation for operation in page.operations if operation.status == "ready" and operation.release_id
        ]
        cursor = page.cursor
        if cursor is None:
            break
    return found


def _write(project: Project, active: Inventory | None, made: list[ApplyOperation]) -> None:
    # Oldest first: an operation that changed nothing names the release that an earlier one made.
    with transaction.atomic():
        for operation in reversed(made):
            mirror.from_operation(project, operation)
        if active is None:
            mirror.nothing_live(project)
            return
        live = mirror.upsert(project, active.release_id, active)
        live.status = mirror.ACTIVE
        live.save()
        mirror.live(project, live)


def _look_closer(work: Work, client: Client, project: Project) -> int:
    """Read the inventories of releases we know by id only, or that an earlier version kept less of.

    One that the gateway forgot keeps its row.
    """
    less = Q(inventory={}) | ~Q(inventory__has_key="public_paths")
    unseen = Release.objects.filter(less, project=project).order_by("-created_at")[:MOST_INVENTORIES]
    count = 0
    for row in unseen:
        work.stop_if_cancelled()
        try:
            inventory = client.releases.get(
                row.remote_id, anon_key=project.anon_key, site_limit=mirror.SHOWN_PATHS
            )
        except NotFound:
            continue
        filled = mirror.upsert(project, row.remote_id, inventory)
        filled.save()
        count += 1
    return count

"""Deletes a project at Run402, for good (contract: apply 1.1, 1.9). The row stays for what refers to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from operations.reconciling import Outcome, did_not_happen, resumes
from operations.registry import kind
from operations.work import Work
from projects.deleting import mark_deleted
from projects.echoes import key_unrepeated
from projects.handlers.lookup import listed
from projects.handlers.subject import project_of
from projects.keys import service_key
from projects.models import Project
from projects.selectors import DELETE
from run402.errors import NotFound, Unauthorized
from teams.permissions import Action


def what_became_of_it(work: Work) -> Outcome:
    """Read whether the wallet still has it."""
    with work.client() as client:
        if listed(client, project_of(work)) is None:
            return resumes(_("Run402 does not list it any more: it is deleted."))
    return did_not_happen(_("Run402 still lists it."))


@kind(
    DELETE,
    gettext_lazy("Delete project"),
    action=Action.PROJECT_DELETE,
    reconcile=what_became_of_it,
)
def delete(work: Work) -> Mapping[str, Any]:
    """Ask once; a key that opens nothing any more, of a project that is listed no more, means it happened."""
    project = project_of(work)
    if project.is_deleted:
        return {"project_id": project.remote_id}
    asked = bool(work.checkpoints.get("asked"))
    if not asked:
        work.stop_if_cancelled()
    work.phase("delete")
    with work.client() as client:
        if not (asked and listed(client, project) is None):
            _ask(work, client, project)
    mark_deleted(project)
    work.event(_("%(id)s is deleted. The panel has forgotten its keys.") % {"id": project.remote_id})
    return {"project_id": project.remote_id}


def _ask(work: Work, client: run402.Client, project: Project) -> None:
    key = service_key(project)
    work.checkpoint(asked=True)
    try:
        with key_unrepeated(key):
            client.projects.delete(project.remote_id, service_key=key)
    except (NotFound, Unauthorized):
        if listed(client, project) is not None:
            raise

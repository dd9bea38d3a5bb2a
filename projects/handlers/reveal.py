"""Sealing a project's service key to the browser tab that asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from audit.record import Subject, record
from operations.handing import SEALED
from operations.registry import kind
from operations.work import Work
from projects import keys
from projects.handlers.subject import project_of
from projects.models import Project
from projects.selectors import REVEAL
from teams.permissions import Action
from wallets import reveal

#: How long the sealed key lies in the database when the tab does not fetch it.
KEPT = timedelta(minutes=5)


@kind(REVEAL, gettext_lazy("Show a service key"), action=Action.KEY_REVEAL, result_for=KEPT)
def reveal_key(work: Work) -> Mapping[str, Any]:
    """Record first, seal then: no key leaves without its trace."""
    operation, project = work.operation, project_of(work)
    reader = str(work.args["reader"])
    reveal.public_key(reader)
    key = keys.service_key(project)
    _record(project, work)
    info = reveal.info(operation.pk, operation.team_id, REVEAL)
    return {SEALED: reveal.seal_to(reader, key.encode(), info)}


def _record(project: Project, work: Work) -> None:
    """Once, however often a worker begins anew."""
    if "recorded" in work.checkpoints:
        return
    with transaction.atomic():
        work.checkpoint(recorded=True)
        record(
            "key.revealed",
            team_id=project.team_id,
            actor=work.actor,
            subject=Subject("project", str(project.pk), project.name),
            details={"operation": str(work.operation.pk)},
        )

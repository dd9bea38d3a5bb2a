"""Fetching a file that a run left, for people to take along (contract: apply 8)."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import NextStep, Refusal
from jobs import selectors
from jobs.handlers import mirror
from jobs.models import Job
from operations import results
from operations.registry import kind
from operations.work import Work
from projects.echoes import key_unrepeated
from projects.keys import service_key
from teams.permissions import Action


@kind(
    selectors.ARTIFACT,
    gettext_lazy("Fetch a file of a job"),
    action=Action.PROJECT_SYNC,
    mutates=False,
    audited=False,
)
def fetch(work: Work) -> dict[str, Any]:
    """Read the bytes, hold them against the digest that Run402 told, and keep them under cover for a while."""
    job, name = mirror.job_of(work), str(work.args["name"])
    if job.operation is None:
        raise LookupError(f"job {job.pk} was never submitted")
    key = service_key(job.project)
    with work.client(sign=False) as client, key_unrepeated(key):
        content = client.jobs.artifact(job.remote_id, name, service_key=key)
    _require_same(job, name, content)
    kept = results.put(job.operation, selectors.artifact_field(name), content)
    return {"bytes": len(content), "until": kept.expires_at.isoformat()}


def _require_same(job: Job, name: str, content: bytes) -> None:
    told = next((one["sha256"] for one in job.artifacts if one["name"] == name), "")
    if told and hashlib.sha256(content).hexdigest() != told.lower():
        raise Refusal(
            "ARTIFACT_DIFFERS",
            _(
                "What arrived is not the file that Run402 describes: its digest is another one. It was not kept."
            ),
            next_steps=[NextStep("retry", _("Fetch it again"))],
        )

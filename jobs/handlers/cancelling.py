"""Cancelling a run at Run402 (contract: apply 8). What it cost until then is charged."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs import selectors, services
from jobs.handlers import mirror
from jobs.models import Job
from operations.reconciling import Outcome, did_not_happen, happened
from operations.registry import kind
from operations.work import Work
from projects.echoes import key_unrepeated
from projects.keys import service_key
from teams.permissions import Action


def what_became_of_it(work: Work) -> Outcome:
    """Read the run: one that has ended needs no cancelling any more."""
    job = mirror.job_of(work)
    key = service_key(job.project)
    with work.client(sign=False) as client, key_unrepeated(key):
        mirror.write(job, client.jobs.get(job.remote_id, service_key=key))
    if job.ended_at is None:
        return did_not_happen(_("Run402 shows that it runs still."))
    services.follow(job)
    return happened(_ended(job))


@kind(selectors.CANCEL, gettext_lazy("Cancel a job"), action=Action.JOB_SUBMIT, reconcile=what_became_of_it)
def cancel(work: Work) -> dict[str, Any]:
    """Ask once; the run's follower reads the end and settles it."""
    job = mirror.job_of(work)
    if job.ended_at is None:
        work.stop_if_cancelled()
        key = service_key(job.project)
        with work.client(sign=False) as client, key_unrepeated(key):
            mirror.write(job, client.jobs.cancel(job.remote_id, service_key=key))
    services.hurry(services.follow(job))
    return _ended(job)


def _ended(job: Job) -> dict[str, Any]:
    return {"status": job.status, "cost_micros": job.cost_micros}

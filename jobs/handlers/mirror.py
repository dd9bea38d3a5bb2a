"""The job that an operation is about, and what Run402 tells of it, as rows."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from jobs.models import Job
from operations.work import Work
from run402.resources.jobs import Job as Told

MOST_ERROR = 2000
MOST_COST = 2**63 - 1


def job_of(work: Work) -> Job:
    """Return the operation's job, of the operation's team."""
    jobs = Job.objects.select_related(
        "project__gateway",
        "project__wallet",
        "wallet__team",
        "wallet__gateway",
        "team",
        "operation",
        "created_by",
    )
    return jobs.get(pk=str(work.args["job"]), team_id=work.operation.team_id)


def _cost(told: Told) -> int | None:
    """Return what it cost; no run costs less than nothing, or more than a column holds."""
    micros = told.cost_micros
    return micros if micros is not None and 0 <= micros <= MOST_COST else None


def write(job: Job, told: Told) -> None:
    """Write what Run402 says; what it does not say (any more) stays as it was known. An end is never taken back."""
    now = timezone.now()
    fields: dict[str, Any] = {
        "remote_id": told.job_id[:120],
        "status": told.status[:60],
        "started_at": told.started_at or job.started_at,
        "cost_micros": job.cost_micros if _cost(told) is None else _cost(told),
        "billing_status": (told.billing_status or job.billing_status)[:60],
        "error_code": (told.error_code or job.error_code)[:80],
        "error_message": (told.error_message or job.error_message)[:MOST_ERROR],
        "told": told.raw,
        "read_at": now,
    }
    if told.artifacts:
        fields["artifacts"] = [
            {
                "name": one.name,
                "content_type": one.content_type or "",
                "sha256": one.sha256 or "",
                "size_bytes": one.size_bytes,
            }
            for one in told.artifacts
        ]
    if told.has_ended:
        fields["ended_at"] = told.completed_at or job.ended_at or now
    Job.objects.filter(pk=job.pk).update(**fields)
    for name, value in fields.items():
        setattr(job, name, value)

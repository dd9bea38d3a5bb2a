"""What this room holds about a person: the jobs they submitted."""

from __future__ import annotations

from typing import Any

from jobs.models import Job
from teams.models import User


def held(user: User) -> list[dict[str, Any]]:
    """Return what the person submitted, oldest first, without its input."""
    jobs = Job.objects.filter(created_by=user).select_related("team", "project").order_by("created_at")
    return [
        {
            "team": job.team.name,
            "project": job.project.name,
            "type": job.job_type,
            "status": job.status,
            "cap_micros": job.cap_micros,
            "cost_micros": job.cost_micros,
            "at": job.created_at.isoformat(),
        }
        for job in jobs.defer("spec", "told").iterator()
    ]

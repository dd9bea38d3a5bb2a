"""Clicks on jobs."""

from __future__ import annotations

import jobs.services
from jobs.reading import Asked
from operations.models import Operation
from run402.resources.jobs import FFLONK_PROVE
from tests.chaos.cast import Person
from tests.chaos.clicks.registry import (
    JOB_CAP,
    click,
    jobs_of,
    one_of,
    ready_of,
)


@click("job.submit", 8)
def submit_job(person: Person) -> Operation | None:
    """Submit a job; the sandbox gives the balance that pays for it, now and then."""
    project = one_of(person, ready_of(person).exclude(service_key_sealed=b""))
    if person.dice.random() < 0.6:
        person.cast.outside.credit(project.wallet.address, JOB_CAP)
    asked = Asked(FFLONK_PROVE, {"number": person.dice.randrange(10**6)}, JOB_CAP)
    return jobs.services.submit_job(project=project, actor=person.user, asked=asked).operation


@click("job.cancel", 3, twice=True)
def cancel_job(person: Person) -> Operation | None:
    """Cancel what runs at Run402."""
    running = [job for job in jobs_of(person) if job.is_open]
    job = one_of(person, running)
    jobs.services.cancel_job(job=job, actor=person.user)
    return Operation.objects.filter(subject_id=job.pk, kind="job.cancel").first()


@click("job.artifact", 1, twice=True)
def fetch_artifact(person: Person) -> Operation:
    """Fetch the first file that a run left."""
    job = one_of(person, [job for job in jobs_of(person) if job.artifacts])
    return jobs.services.fetch_artifact(job=job, actor=person.user, name=job.artifacts[0]["name"])

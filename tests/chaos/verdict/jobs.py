"""Jobs: each ran once, and what it cost stands in the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.models import Job
from operations.models import State
from tests.chaos.verdict.finding import LOST, OTHER, OVERSPENT, REPEATED, Facts, Finding, check, doubts, told
from wallets.models import Payment


@check
def a_job_runs_once(facts: Facts) -> Iterator[Finding]:
    """The sandbox has one run for each job that the panel knows there, and none that no row knows of."""
    ran = {run.id: run for run in facts.books.jobs}
    unsure = 0
    for job in Job.objects.select_related("operation"):
        operation = job.operation
        if operation is None:
            yield Finding(LOST, f"job {job.pk} has no operation")
        elif job.remote_id and ran.pop(job.remote_id, None) is None:
            yield Finding(
                LOST, f"job {job.pk} is {job.remote_id}, and the gateway has none: {told(operation)}"
            )
        elif not job.remote_id and operation.state == State.SUCCEEDED:
            yield Finding(LOST, f"job {job.pk} was submitted, and nobody knows where: {told(operation)}")
        elif not job.remote_id and doubts(operation):
            unsure += 1
    for run in list(ran.values())[unsure:]:
        yield Finding(REPEATED, f"the gateway ran {run.id} for {run.project}, and no row knows of it")


@check
def a_job_costs_what_run402_took(facts: Facts) -> Iterator[Finding]:
    payments = {str(payment.operation_id): payment for payment in Payment.objects.filter(cost="job")}
    ran = {run.id: run for run in facts.books.jobs}
    for job in Job.objects.exclude(remote_id=""):
        run, payment = ran.get(job.remote_id), payments.get(str(job.operation_id))
        if run is None:
            continue
        if payment is None:
            yield Finding(OVERSPENT, f"job {job.pk} ran as {run.id}, and nothing was reserved for it")
        elif run.cost is not None and job.ended_at is None:
            yield Finding(OTHER, f"job {job.pk} is {job.status}, and {run.id} has ended as {run.status}")
        elif run.cost is not None and (payment.settled_micros or 0) != run.cost:
            yield Finding(
                OVERSPENT, f"job {job.pk} is settled as {payment.settled_micros}, it cost {run.cost}"
            )

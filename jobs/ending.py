"""The end of a reservation, and of a job that Run402 tells nothing about any more."""

from __future__ import annotations

from django.utils import timezone

from jobs import selectors
from jobs.models import Job
from wallets import closing
from wallets.models import Payment


def close(job: Job, payment: Payment, cost: int | None) -> None:
    """End the reservation by what the run cost, in USDC micros; None counts the whole cap."""
    if cost == 0:
        closing.release(payment, actor=job.created_by.actor)
        return
    receipt = {"job_id": job.remote_id, "billing_status": job.billing_status, "cost_told": cost is not None}
    closing.settle(payment, paid_by="balance", actor=job.created_by.actor, micros=cost, receipt=receipt)


def end_gone(job: Job) -> None:
    """End a job that cannot be read any more, in its row; what it cost is not known, so the whole cap counts.

    One that had ended before stays as it ended, and its cost counts where it was told.
    """
    had_ended = job.ended_at is not None
    if not had_ended:
        job.status, job.ended_at = Job.After.GONE, timezone.now()
        Job.objects.filter(pk=job.pk, ended_at=None).update(status=job.status, ended_at=job.ended_at)
    payment = selectors.payment_of(job)
    if payment is not None and payment.state == Payment.State.RESERVED:
        close(job, payment, selectors.told_cost(job) if had_ended else None)

"""The end of a job's reservation: what the run cost, taken by Run402 from the balance that it keeps (apply 8)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.services import refresh_wallet
from core.ui.money import usd
from jobs import ending, selectors
from jobs.models import Job
from operations.models import Operation
from operations.queue import add_event
from wallets.models import Payment

#: A cost may be told a while after the end; then the whole cap counts, so that limits never count too little.
PATIENCE = timedelta(minutes=10)


def settle(job: Job) -> bool:
    """Close the reservation of an ended job by what it cost; say whether it is closed."""
    payment = selectors.payment_of(job)
    if payment is None or payment.state != Payment.State.RESERVED:
        return True
    cost = selectors.told_cost(job)
    if cost is None and job.ended_at is not None and timezone.now() - job.ended_at < PATIENCE:
        return False
    with transaction.atomic():
        ending.close(job, payment, cost)
        if cost is not None and cost > payment.amount_micros:
            _tell_of_more(job, cost)
    refresh_wallet(wallet=job.wallet)
    return True


def _tell_of_more(job: Job, cost: int) -> None:
    """Say at the operation that submitted it what nobody agreed to; it counts, since it was taken."""
    said = _("Run402 charged more than the cap: %(cost)s instead of %(cap)s at most.")
    words = {"cost": usd(cost, exact=True), "cap": usd(job.cap_micros, exact=True)}
    if job.operation is not None:
        Operation.objects.select_for_update().get(pk=job.operation.pk)  # its events are numbered
        add_event(job.operation, "warning", said % words, "")

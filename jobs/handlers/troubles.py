"""Why Run402 does not take a job, in one sentence and with what to do next."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from core.ui.money import usd
from jobs.models import Job
from run402.errors import PaymentRequired, Run402Error

_UNDONE = ("none", "not_started", "rolled_back")


def in_words(error: Run402Error, job: Job) -> Exception:
    """Return the refusal in the panel's words where it is about money and nothing happened; else the error itself."""
    if error.mutation_state not in _UNDONE:
        return error
    if isinstance(error, PaymentRequired):
        return _not_covered(error, job)
    return _too_low(error, job) if _is_about_the_cap(error) else error


def _not_covered(error: Run402Error, job: Job) -> Refusal:
    said = _("The balance that Run402 keeps for %(wallet)s does not cover the cap of %(cap)s. %(why)s")
    words = {"wallet": job.wallet.label, "cap": usd(job.cap_micros, exact=True), "why": error.message}
    wallet = NextStep("top_up", _("Look at that balance"), reverse("billing:wallet", args=[job.wallet_id]))
    return Refusal(
        "JOB_NOT_COVERED", said % words, next_steps=[wallet, _edit(job, _("Submit it with a lower cap"))]
    )


def _too_low(error: Run402Error, job: Job) -> Refusal:
    said = _("The cap of %(cap)s is below what such a job costs. %(why)s")
    words = {"cap": usd(job.cap_micros, exact=True), "why": error.message}
    higher = _edit(job, _("Submit it with a higher cap"))
    return Refusal("CAP_TOO_LOW", said % words, next_steps=[higher])


def _is_about_the_cap(error: Run402Error) -> bool:
    """The contract names no code for it, so the field that a refusal names tells, or its code."""
    body = error.body if isinstance(error.body, dict) else {}
    named = body.get("field") or error.details.get("field")
    return named == "max_cost_usd_micros" or "MAX_COST" in error.code.upper()


def _edit(job: Job, label: str) -> NextStep:
    return NextStep("edit_job", label, f"{reverse('jobs:new')}?again={job.pk}")

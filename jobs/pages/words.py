"""Where a job stands, as a status of the vocabulary. A word of Run402's that is not known here is shown as it came."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.ui.status import operation_status, phase_word
from jobs.models import Job

STATUSES: dict[str, tuple[str, Promise | str]] = {
    "queued": ("idle", _("Queued at Run402")),
    "running": ("running", _("Running")),
    "completed": ("ok", _("Completed")),
    "failed": ("bad", _("Failed")),
    "cancelled": ("cancelled", _("Cancelled")),
    Job.After.GONE: ("unknown", Job.After.GONE.label),
    Job.Before.SUBMITTING: ("running", Job.Before.SUBMITTING.label),
    Job.Before.REFUSED: ("bad", Job.Before.REFUSED.label),
    Job.Before.WITHDRAWN: ("cancelled", Job.Before.WITHDRAWN.label),
}


@dataclass(frozen=True)
class Standing:
    """A status: its look, and its word."""

    look: str
    word: str


def standing_of(job: Job) -> Standing:
    """Return where it stands; before Run402 has it, what its operation says."""
    operation = job.operation
    if not job.remote_id and operation is not None and operation.is_active:
        shown = operation_status(operation)
        return Standing("waits" if operation.state == "waiting" else "running", shown.word)
    look, word = STATUSES.get(job.status, ("unknown", phase_word(job.status)))
    return Standing(look, str(word))


def choices() -> list[tuple[str, str]]:
    """Return what a list can be narrowed by."""
    return [("open", str(_("Not ended"))), *((value, str(word)) for value, (look, word) in STATUSES.items())]

"""Following a job: one operation for each, whose ticks read state and log for all who look (contract: apply 8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from billing.services import refresh_wallet
from jobs import ending, selectors, services
from jobs.handlers import mirror, settling
from jobs.models import Job
from jobs.selectors import Line
from operations import results
from operations.registry import INTERACTIVE, kind
from operations.work import Later, Work
from projects.echoes import key_unrepeated
from projects.keys import service_key
from run402.errors import NotFound
from run402.resources.jobs import MOST_TAIL, JobLine
from teams.permissions import Action
from wallets.vault import Locked

#: How long a line of the log may be, and all that is kept of one, in characters.
MOST_LINE, MOST_KEPT = 4000, 400_000
#: Pauses while nobody looks, by the age of the job.
PAUSES = ((timedelta(minutes=1), 5.0), (timedelta(minutes=10), 15.0))
LONG_PAUSE = 60.0


@kind(
    selectors.FOLLOW,
    gettext_lazy("Follow a job"),
    action=Action.PROJECT_SYNC,
    queue=INTERACTIVE,  # people look at it, and a long one must not take the place of other readings
    mutates=False,
    audited=False,
    deadline=None,  # a run takes as long as it takes
)
def follow(work: Work) -> dict[str, Any]:
    """Read once; come back until the run has ended, its log was read after that, and its cost is settled."""
    job = mirror.job_of(work)
    if not selectors.can_be_read(job):
        return _gone(work, job)
    key = service_key(job.project)
    with work.client(sign=False) as client:
        try:
            with key_unrepeated(key):
                told = client.jobs.get(job.remote_id, service_key=key)
        except NotFound:
            return _gone(work, job)
        mirror.write(job, told)
        _read_log(work, client, job, key)
    if job.ended_at is None or not settling.settle(job):
        raise Later(_pause(job))
    return {"status": job.status, "cost_micros": job.cost_micros}


def _gone(work: Work, job: Job) -> dict[str, Any]:
    """End what can never be read again: its project is deleted, its key is gone, or Run402 knows it no longer."""
    with transaction.atomic():
        ending.end_gone(job)
    refresh_wallet(wallet=job.wallet)
    work.event(_("Run402 tells nothing of this run any more, so it is followed no longer."), "warning")
    return {"status": job.status, "cost_micros": job.cost_micros}


def _read_log(work: Work, client: run402.Client, job: Job, key: str) -> None:
    """Add what is new to the lines that are kept. A worker that can keep no results says so once and goes on."""
    if job.operation is None:
        return
    try:
        kept = selectors.lines_of(job) or ()
        since = _milliseconds(kept)
        with key_unrepeated(key):
            new = client.jobs.logs(job.remote_id, service_key=key, tail=MOST_TAIL, since_ms=since)
        lines = _joined(kept, [_line(one) for one in new])
        results.put(job.operation, selectors.LOGS, selectors.written_lines(lines), rows=len(lines))
    except Locked as locked:
        if "locked" not in work.checkpoints:
            work.checkpoint(locked=True)
            work.event(_("The log cannot be kept: %(why)s") % {"why": locked}, "warning")


def _milliseconds(kept: tuple[Line, ...]) -> int | None:
    """Return from when on the log has to be read: the last known moment, whose other lines may have come since."""
    times = [line.at for line in kept if line.at is not None]
    return int(max(times).timestamp() * 1000) if times else None


def _line(told: JobLine) -> Line:
    at = told.at.isoformat() if told.at else ""
    key = told.event_id or f"{at} {told.message[:80]}"
    return Line(key, told.at, (told.stream or "")[:120], told.message[:MOST_LINE])


def _joined(kept: tuple[Line, ...], new: list[Line]) -> list[Line]:
    """Return known and new lines, each once, oldest first; the oldest go when there are too many."""
    by_key = {line.key: line for line in (*kept, *new)}
    lines = list(by_key.values())[-results.MOST_ROWS :]
    size = sum(len(line.message) for line in lines)
    while size > MOST_KEPT and lines:
        size -= len(lines.pop(0).message)
    return lines


def _pause(job: Job) -> float:
    now = timezone.now()
    if job.watched_at is not None and now - job.watched_at < services.WATCHED:
        return services.TICK.total_seconds()
    age = now - job.created_at
    return next((seconds for limit, seconds in PAUSES if age < limit), LONG_PAUSE)

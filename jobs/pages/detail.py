"""The page of one job, through its whole life."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from jobs import reading, selectors, services
from jobs.models import Job
from jobs.pages.words import Standing, standing_of
from jobs.selectors import Line
from operations import decisions, halted, line
from operations.models import Operation, State
from operations.reviewing import Review, review_of
from operations.selectors import worker_is_silent
from teams.models import Membership
from teams.permissions import Action
from wallets.models import Payment
from wallets.vault import Locked

FAST, STEADY, SLOW = 400, 1000, 2000
#: So long after its end a page still looks for the last lines, and for the cost.
AFTERWARDS = timedelta(minutes=2)


@dataclass(frozen=True)
class Artifact:
    """A file that the run left. `until`: it can be taken along now; `fetching`: a worker gets it."""

    name: str
    content_type: str
    size_bytes: int | None
    sha256: str
    until: datetime | None
    fetching: bool


@dataclass(frozen=True)
class JobPage:
    """Everything that jobs/_job.html shows. `delay` None ends the polling; `seen` names what the page shows."""

    job: Job
    operation: Operation
    standing: Standing
    payment: Payment | None
    lines: tuple[Line, ...] | None
    log_trouble: str
    artifacts: list[Artifact]
    cancelling: bool
    may_again: bool
    may_cancel: bool
    may_fetch: bool
    delay: int | None
    halted: str
    line: str
    worker_silent: bool
    why: str
    review: Review | None
    trouble: Operation | None
    input_text: str
    cli: str

    @property
    def title(self) -> str:
        return self.job.title

    @property
    def can_be_read(self) -> bool:
        """Run402 can be asked about it."""
        return selectors.can_be_read(self.job)

    @property
    def is_gone(self) -> bool:
        """Nothing is told of it any more."""
        return self.job.status == Job.After.GONE

    @property
    def over_cap(self) -> int | None:
        """What Run402 charged where that is above the cap, in micros."""
        cost = selectors.told_cost(self.job)
        return cost if cost is not None and cost > self.job.cap_micros else None

    @property
    def is_settled(self) -> bool:
        """The reservation is closed: what counts is what it cost."""
        return self.payment is not None and not self.payment.is_open

    @property
    def counted_micros(self) -> int | None:
        """What Run402 took, as far as it is known."""
        told = selectors.told_cost(self.job)
        if told is not None and not self.is_gone:
            return told
        return self.payment.settled_micros if self.payment and self.is_settled else None

    @property
    def cost_is_guess(self) -> bool:
        """Run402 told no cost, so the whole cap was counted."""
        return (
            self.is_settled
            and (self.is_gone or selectors.told_cost(self.job) is None)
            and bool(self.job.remote_id)
        )

    @property
    def seen(self) -> str:
        """What the page depends on, as one word."""
        job, operation = self.job, self.operation
        facts: tuple[Any, ...] = (
            job.status, job.cost_micros, job.started_at, job.ended_at, len(job.artifacts),
            operation.state, operation.phase, operation.reason, self.payment.state if self.payment else "",
            None if self.lines is None else (len(self.lines), self.lines[-1].key if self.lines else ""),
            [(one.name, one.until, one.fetching) for one in self.artifacts],
            self.cancelling, self.halted, self.worker_silent, self.trouble.pk if self.trouble else "",
        )  # fmt: skip
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def job_page(job: Job, active: list[Operation], membership: Membership) -> JobPage:
    """Put the page together, and have the job read while it is looked at. `active` was read before the job."""
    operation = job.operation
    if operation is None:
        raise LookupError(f"job {job.pk} has no operation")
    lines, trouble = _lines(job)
    following = next((one for one in active if one.kind == selectors.FOLLOW), None)
    services.watch(job, following)
    if lines is None and not trouble and job.ended_at is not None:
        services.read_again(job, following)
    may_submit = selectors.may(job, membership, Action.JOB_SUBMIT)
    review = review_of(operation, membership)
    open_ = job.is_open or operation.is_active
    able = selectors.takes_jobs(job.project)
    may_cancel = may_submit and open_ and review is None and (able or not job.remote_id)
    stopped = halted.why_queued(operation) or (halted.why_queued(following) if following else "")
    return JobPage(
        job=job,
        operation=operation,
        standing=standing_of(job),
        payment=selectors.payment_of(job),
        lines=lines,
        log_trouble=trouble,
        artifacts=_artifacts(job, active),
        cancelling=any(one.kind == selectors.CANCEL for one in active),
        may_again=may_submit and review is None and not may_cancel and able,
        may_cancel=may_cancel,
        may_fetch=selectors.can_be_read(job) and selectors.may(job, membership, Action.PROJECT_SYNC),
        delay=_delay(job, operation, active, lines),
        halted=stopped,
        line="" if stopped else line.reason(operation),
        worker_silent=open_ and worker_is_silent(),
        why=decisions.why_not_retried(operation),
        review=review,
        trouble=_trouble(job, active),
        input_text=reading.written(services.asked_of(job)),
        cli="\n".join(_cli(job)),
    )


def _lines(job: Job) -> tuple[tuple[Line, ...] | None, str]:
    try:
        return selectors.lines_of(job), ""
    except Locked as locked:
        return None, str(locked)


def _artifacts(job: Job, active: list[Operation]) -> list[Artifact]:
    kept = selectors.kept_artifacts(job) if job.artifacts else {}
    fetching = {str(one.args.get("name")) for one in active if one.kind == selectors.ARTIFACT}
    return [
        Artifact(
            name=one["name"],
            content_type=one["content_type"],
            size_bytes=one["size_bytes"],
            sha256=one["sha256"],
            until=kept.get(selectors.artifact_field(one["name"])),
            fetching=one["name"] in fetching,
        )
        for one in job.artifacts
    ]


def _delay(
    job: Job, operation: Operation, active: list[Operation], lines: tuple[Line, ...] | None
) -> int | None:
    """Ask again while something moves; not while a person decides."""
    if operation.state == State.WAITING:
        return None
    moves = job.is_open or operation.is_active or bool(active)
    if not moves or (job.ended_at is not None and _is_over(job, active, lines)):
        return None
    seconds = (timezone.now() - job.created_at).total_seconds()
    return FAST if seconds < 5 else STEADY if seconds < 60 else SLOW


def _is_over(job: Job, active: list[Operation], lines: tuple[Line, ...] | None) -> bool:
    """What is left is the cost, which Run402 may tell much later, and the log is there."""
    other = [one for one in active if one.kind != selectors.FOLLOW]
    if not selectors.can_be_read(job):
        return not other
    late = job.ended_at is not None and timezone.now() - job.ended_at > AFTERWARDS
    return not other and lines is not None and late


def _trouble(job: Job, active: list[Operation]) -> Operation | None:
    """Return the last reading if it failed, and nothing reads the job now."""
    if any(one.kind == selectors.FOLLOW for one in active) or not job.is_open:
        return None
    last = selectors.last_of(job, selectors.FOLLOW)
    return last if last is not None and last.state == State.FAILED else None


def _cli(job: Job) -> list[str]:
    """Return what does the same at a command line."""
    project = f"--project {job.project.remote_id}"
    if not job.remote_id:
        return [f"run402 jobs submit --file job.json {project}"]
    verbs = ["get", "logs", *(["cancel"] if job.is_open else [])]
    tail = {"logs": " --tail 100"}
    return [f"run402 jobs {verb} {job.remote_id} {project}{tail.get(verb, '')}" for verb in verbs]

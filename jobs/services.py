"""Decisions about jobs: each checks and writes in one transaction, and leaves the doing to a worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import real_money
from core.errors import NextStep, Refusal
from jobs import reading, selectors
from jobs.models import Job
from operations import queue, wake
from operations.models import Operation, State
from projects.models import Project
from teams.models import User
from wallets import freezing, limiting
from wallets.models import Gateway

#: What somebody looks at is read this often; a page that is open tells so about as often.
WATCHED = timedelta(seconds=15)
TICK = timedelta(seconds=2)
#: A log that is gone is read again when somebody looks, and not again at once when that failed.
PATIENCE = timedelta(seconds=20)


def submit_job(*, project: Project, actor: User, asked: reading.Asked, again: Job | None = None) -> Job:
    """Have a worker submit a job, at most its cap reserved first. Raises Refusal when that cannot be."""
    _require_able(project)
    network = real_money.balance_network(project.wallet)
    if not real_money.may_pay_on(project.wallet, network):
        raise limiting.off_its_rail(project.wallet, network)
    with transaction.atomic():
        job = Job.objects.create(
            team_id=project.team_id,
            project=project,
            wallet=project.wallet,
            created_by=actor,
            again=again,
            job_type=asked.job_type,
            spec=asked.spec,
            cap_micros=asked.cap_micros,
            network=network,
        )
        job.refresh_from_db(
            fields=["spec"]
        )  # as the worker reads it: the database has an order of keys of its own
        job.operation = queue.submit(_submission(job, actor))
        job.save(update_fields=["operation"])
    return job


def run_again(*, job: Job, actor: User) -> Job:
    """Submit the same once more, under the same cap."""
    return submit_job(project=job.project, actor=actor, asked=asked_of(job), again=job)


def asked_of(job: Job) -> reading.Asked:
    """Return what was asked for."""
    spec = job.spec
    return reading.Asked(job.job_type, spec["input_json"], job.cap_micros, spec.get("callback_url", ""))


def cancel_job(*, job: Job, actor: User) -> None:
    """Withdraw what Run402 does not know yet, or have a worker cancel the run. Raises Refusal when it has ended."""
    if job.ended_at is not None:
        raise Refusal("JOB_ENDED", _("This job has ended already, so there is nothing to cancel."))
    if job.remote_id:
        queue.submit(
            _about(job, selectors.CANCEL, _("Cancel a job of %(project)s"), actor, lane=f"job/{job.pk}")
        )
    elif job.operation is not None and job.operation.is_active:
        queue.cancel(job.operation, actor=actor)
    else:
        raise Refusal("JOB_NOT_RUNNING", _("This job was never submitted, so there is nothing to cancel."))


def follow(job: Job) -> Operation:
    """Have a worker read the job until it has ended, once however many look."""
    return queue.submit(_about(job, selectors.FOLLOW, _("Follow a job of %(project)s"), None))


def watch(job: Job, following: Operation | None) -> None:
    """Note that somebody has the page open, and have the job read soon if it is not: all who look share that."""
    if not selectors.can_be_read(job):
        return
    now = timezone.now()
    if job.watched_at is None or job.watched_at < now - WATCHED / 3:
        Job.objects.filter(pk=job.pk).update(watched_at=now)
    if following is not None:
        hurry(following)
    elif job.is_open:
        _follow_unless_tried(job)


def read_again(job: Job, following: Operation | None) -> None:
    """Have the log of an ended job read again, unless that is under way, or was just tried."""
    if selectors.can_be_read(job) and following is None:
        _follow_unless_tried(job)


def _follow_unless_tried(job: Job) -> None:
    last = selectors.last_of(job, selectors.FOLLOW)
    if last is None or last.finished_at is None or last.finished_at < timezone.now() - PATIENCE:
        follow(job)


def hurry(following: Operation) -> None:
    """Bring the next reading forward if it pauses for longer than people want to wait."""
    now = timezone.now()
    if following.state != State.QUEUED or following.not_before <= now + TICK:
        return
    late = Operation.objects.filter(pk=following.pk, state=State.QUEUED, not_before__gt=now + TICK)
    if late.filter(attempts=0).update(not_before=now):
        transaction.on_commit(lambda: wake.send(following.queue))


def fetch_artifact(*, job: Job, actor: User, name: str) -> Operation:
    """Have a worker fetch a file that the run left, to be taken along for a quarter of an hour."""
    if name not in {artifact["name"] for artifact in job.artifacts}:
        raise Refusal("NO_SUCH_ARTIFACT", _("This job left no file of this name."))
    kind = selectors.ARTIFACT
    unique = f"{kind}/{job.pk}/{selectors.artifact_field(name)[-20:]}"
    request = _about(job, kind, _("Fetch a file of a job of %(project)s"), actor, unique=unique)
    return queue.submit(replace(request, args={**request.args, "name": name}))


def _submission(job: Job, actor: User) -> queue.Request:
    title = _("Job %(type)s for %(project)s") % {"type": job.title, "project": job.project.name}
    args = {
        "job": str(job.pk),
        "micros": job.cap_micros,
        "network": job.network,
        "purpose": title[:200],
        "digest": reading.digest(asked_of(job)),
    }
    return queue.Request(
        kind=selectors.SUBMIT,
        title=title,
        team=job.team,
        gateway=job.project.gateway,
        actor=actor,
        wallet=job.wallet,
        project_id=job.project_id,
        subject_id=job.pk,
        subject_url=_url(job),
        lane=f"job/{job.pk}",
        args=args,
    )


def _about(
    job: Job, kind: str, title: str, actor: User | None, *, lane: str = "", unique: str = ""
) -> queue.Request:
    return queue.Request(
        kind=kind,
        title=title % {"project": job.project.name},
        team=job.team,
        gateway=job.project.gateway,
        actor=actor,
        wallet=job.wallet,
        project_id=job.project_id,
        subject_id=job.pk,
        subject_url=_url(job),
        lane=lane,
        unique_key=unique or f"{kind}/{job.pk}",
        args={"job": str(job.pk)},
    )


def _url(job: Job) -> str:
    return reverse("jobs:detail", args=[job.pk])


def require_possible(project: Project) -> None:
    """Raise Refusal for a project that no job can be run for, whatever its wallet may pay."""
    step = NextStep("open_project", _("Look at the project"), f"/projects/{project.pk}")
    if project.gateway.kind == Gateway.Kind.CORE:
        said = _("Run402 Core runs no jobs. Choose a project at Run402 Cloud or in a sandbox.")
        raise Refusal("JOBS_NOT_THERE", said, field="project", next_steps=[step])
    if not project.is_ready or not project.remote_id:
        raise Refusal(
            "PROJECT_NOT_READY", _("This project is not ready yet."), field="project", next_steps=[step]
        )
    if not project.service_key_sealed:
        said = _("The panel does not hold the service key of this project, and a job needs it.")
        raise Refusal("SERVICE_KEY_MISSING", said, field="project", next_steps=[step])


def _require_able(project: Project) -> None:
    require_possible(project)
    if held := freezing.active(project.wallet):
        raise freezing.Frozen(held)

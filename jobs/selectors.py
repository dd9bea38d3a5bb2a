"""Named reads of jobs, scoped by what their reader reaches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from jobs.models import Job
from operations import results
from operations.models import ACTIVE, Operation, Result
from projects.models import Project
from teams.models import Membership
from teams.permissions import Action, allows, demand, demand_reach, may_with
from teams.reach import Reach
from wallets.models import Gateway, Payment

SUBMIT, FOLLOW, CANCEL, ARTIFACT = "job.submit", "job.follow", "job.cancel", "job.artifact"
LOGS = "logs"
LARGE = ("spec", "told")


def _within(reach: Reach) -> Q:
    """A job is an operation of its project with a wallet: both have to be within reach."""
    return reach.q(project="project_id", wallet="wallet_id")


def jobs_of(reach: Reach) -> QuerySet[Job]:
    """Return the jobs within reach at all gateways, newest first, without their documents."""
    jobs = Job.objects.filter(_within(reach)).select_related("project", "operation", "created_by")
    return jobs.defer(*LARGE)


def filtered(jobs: QuerySet[Job], *, status: str, project: UUID | None, query: str) -> QuerySet[Job]:
    """Narrow a list of jobs by what its address says; `status` "open" means not ended."""
    if status == "open":
        jobs = jobs.filter(Q(status=Job.Before.SUBMITTING) | Q(ended_at=None, remote_id__gt=""))
    elif status:
        jobs = jobs.filter(status=status)
    if project:
        jobs = jobs.filter(project_id=project)
    if query:
        found = Q(project__name__icontains=query) | Q(job_type__icontains=query)
        jobs = jobs.filter(found | Q(remote_id__icontains=query) | Q(operation__actor_label__icontains=query))
    return jobs


def job_for(membership: Membership, job_id: UUID, action: Action = Action.VIEW) -> Job:
    """Return one job, whole, for a member who wants to do `action`: 404 out of reach, 403 without the right."""
    jobs = Job.objects.filter(_within(membership.reach))
    jobs = jobs.select_related(
        "project__gateway", "project__team", "project__wallet", "wallet__gateway", "team", "created_by"
    ).select_related("operation__actor")
    job = jobs.filter(pk=job_id).first()
    if job is None:
        raise Http404("no such job")
    demand(membership, action)
    if action is not Action.VIEW:
        demand_reach(membership, project_id=job.project_id, wallet_id=job.wallet_id, action=action)
    return job


def may(job: Job, membership: Membership, action: Action) -> bool:
    """Say whether `job_for` would let the member do it: for buttons."""
    reaches = membership.reach.covers(job.project_id, job.wallet_id)
    return allows(membership.role, action) and reaches and may_with(membership, job.wallet_id, action)


def ready_projects(reach: Reach, gateway: Gateway) -> QuerySet[Project]:
    """Return the projects that can run a job: within reach with their wallets, and with a service key kept here."""
    projects = Project.objects.filter(reach.q(project="pk", wallet="wallet_id"), gateway=gateway)
    projects = (
        projects.filter(state=Project.State.READY).exclude(remote_id="").exclude(service_key_sealed=b"")
    )
    return projects.exclude(gateway__kind=Gateway.Kind.CORE).select_related("wallet", "gateway")


def project_within(reach: Reach, project_id: UUID) -> Project:
    """Return a project within reach with its wallet, at whatever gateway, able or not. Raises Http404 for another."""
    projects = Project.objects.filter(reach.q(project="pk", wallet="wallet_id"), pk=project_id)
    found = projects.select_related("wallet", "gateway").first()
    if found is None:
        raise Http404("no such project")
    return found


def takes_jobs(project: Project) -> bool:
    """Say whether a job of it can be submitted, read and cancelled: it is there, with a service key kept here."""
    there = project.is_ready and bool(project.remote_id) and bool(project.service_key_sealed)
    return there and project.gateway.kind != Gateway.Kind.CORE


def can_be_read(job: Job) -> bool:
    """Say whether Run402 can be asked about the job."""
    known = bool(job.remote_id) and job.status != Job.After.GONE
    return known and not job.project.is_deleted and bool(job.project.service_key_sealed)


def unsettled() -> QuerySet[Job]:
    """Return what Run402 has that runs, or has ended while its reservation has not."""
    reserved = Payment.objects.filter(operation_id=OuterRef("operation_id"), state=Payment.State.RESERVED)
    return Job.objects.filter(Q(ended_at=None) | Q(Exists(reserved))).exclude(remote_id="")


def told_cost(job: Job) -> int | None:
    """Return what Run402 says the run cost, in micros; None where it says nothing, or nothing that a cost can be."""
    return None if job.cost_micros is None or job.cost_micros < 0 else job.cost_micros


def moving(team_id: UUID, job_id: UUID) -> list[Operation]:
    """Return what is in line or running about a job that was submitted. A page reads it before the job.

    The other way round, the last that it writes would be missing, and nothing would load the page anew.
    """
    found = Operation.objects.filter(team_id=team_id, subject_id=job_id, state__in=ACTIVE)
    return [one for one in found.order_by("created_at") if one.kind in (FOLLOW, CANCEL, ARTIFACT)]


def last_of(job: Job, kind: str) -> Operation | None:
    """Return the newest operation of a kind for the job."""
    return Operation.objects.filter(team_id=job.team_id, subject_id=job.pk, kind=kind).first()


@dataclass(frozen=True)
class Line:
    """One line of a log. `key` tells apart what was written in one moment."""

    key: str
    at: datetime | None
    stream: str
    message: str

    @property
    def source(self) -> str:
        """The last part of its stream's name, as far as a column holds it."""
        return self.stream.rsplit("/", 1)[-1][:10]


def lines_of(job: Job) -> tuple[Line, ...] | None:
    """Return the log that a worker read lately; None when none is kept (any more)."""
    if job.operation is None:
        return None
    kept = results.get(job.operation, LOGS, job.team)
    return None if kept is None else read_lines(kept)


def read_lines(kept: bytes) -> tuple[Line, ...]:
    """Read what `written_lines` wrote."""
    rows: list[list[Any]] = json.loads(kept)
    return tuple(
        Line(key, datetime.fromisoformat(at) if at else None, stream, said) for key, at, stream, said in rows
    )


def written_lines(lines: Iterable[Line]) -> bytes:
    """Return the lines as they are kept, covered, for a quarter of an hour."""
    rows = [[line.key, line.at.isoformat() if line.at else "", line.stream, line.message] for line in lines]
    return json.dumps(rows).encode()


def artifact_field(name: str) -> str:
    """Return under which field of the job's operation the bytes of a file are kept; names may be of any length."""
    return f"artifact:{hashlib.sha256(name.encode()).hexdigest()[:40]}"


def kept_artifacts(job: Job) -> dict[str, datetime]:
    """Return the fields of the files that can be taken along now, and until when."""
    found = Result.objects.filter(operation=job.operation, team_id=job.team_id)
    found = found.filter(field__startswith="artifact:", expires_at__gt=timezone.now())
    return dict(found.values_list("field", "expires_at"))


@dataclass(frozen=True)
class Range:
    """What earlier runs cost, in micros."""

    least: int
    most: int


def earlier_costs(project: Project, job_type: str) -> Range | None:
    """Return what runs of this type cost the team before at this gateway; None without any."""
    runs = Job.objects.filter(
        team_id=project.team_id, project__gateway_id=project.gateway_id, job_type=job_type, cost_micros__gt=0
    )
    found = runs.aggregate(least=Min("cost_micros"), most=Max("cost_micros"))
    return Range(found["least"], found["most"]) if found["least"] is not None else None


def payment_of(job: Job) -> Payment | None:
    """Return the reservation of the job's cap, or what it was settled as."""
    payments = Payment.objects.select_related("wallet__team", "wallet__gateway")
    return payments.filter(operation_id=job.operation_id).first() if job.operation_id else None


def operations_named(ids: Collection[UUID]) -> set[UUID]:
    """Return those of the operations that submitted a job."""
    return set(Job.objects.filter(operation__in=ids).values_list("operation_id", flat=True))

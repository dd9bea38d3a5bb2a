"""Ends that nobody plans: the project is deleted, Run402 knows the run no more, or tells a cost that cannot be."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from jobs import background, selectors
from jobs.handlers import settling
from jobs.models import Job
from operations.models import OperationEvent, State
from projects import deleting
from projects.models import Project
from teams.models import User
from teams.reach import Reach
from tests.factories import JobFactory
from tests.fixtures import RunOperations
from tests.jobs.conftest import CAP, Knob, attempt, follow_of, operation_of
from wallets.models import Payment

RUNS = "/jobs/v1/runs"


def payment_of(job: Job) -> Payment:
    return Payment.objects.get(operation_id=operation_of(job).pk)


def counted(job: Job) -> tuple[str, str, int | None]:
    """Return how the job ended, and what of its reservation counts."""
    payment = payment_of(job)
    return job.status, payment.state, payment.settled_micros


def ended_at_cost(job: Job, cost: int | None) -> None:
    Job.objects.filter(pk=job.pk).update(status="completed", ended_at=timezone.now(), cost_micros=cost)
    job.refresh_from_db()


def test_project_that_is_deleted_ends_its_jobs_which_the_page_named_before(
    running: Job, project: Project, alice: User, run_operations: RunOperations
) -> None:
    named = [one for one in deleting.going_of(project).belongings if one.icon == "cpu"]
    assert [(one.label, one.detail.partition(";")[0]) for one in named] == [("1 running job", "fflonk_prove")]
    deleting.delete(project=project, actor=alice, typed="tidepool")
    run_operations()
    assert counted(running) == ("gone", "settled", CAP)
    assert background.plan_jobs(project.gateway, 10) == 0
    assert deleting.going_of(project).belongings[1:] == ()


@pytest.mark.parametrize(
    "changes",
    [{"service_key_sealed": b""}, {"state": "deleted"}, {"state": "deleted", "service_key_sealed": b""}],
)
def test_job_whose_key_or_project_is_gone_is_followed_no_longer(
    running: Job, changes: dict[str, object]
) -> None:
    Project.objects.filter(pk=running.project_id).update(**changes)
    following = attempt(follow_of(running))
    assert (following.state, *counted(running)) == (State.SUCCEEDED, "gone", "settled", CAP)
    assert background.plan_jobs(running.project.gateway, 10) == 0


def test_job_that_run402_does_not_know_any_more_ends(running: Job, knob: Knob) -> None:
    knob("status", method="GET", path=f"{RUNS}/*", status=404, code="NOT_FOUND", message="No such run.")
    assert attempt(follow_of(running)).state == State.SUCCEEDED
    assert counted(running) == ("gone", "settled", CAP)


def test_page_of_a_job_that_is_gone_asks_nothing_and_offers_nothing_in_vain(
    as_bob: Client, running: Job
) -> None:
    Project.objects.filter(pk=running.project_id).update(state="deleted", service_key_sealed=b"")
    html = as_bob.get(f"/jobs/{running.pk}").content.decode()
    assert [word in html for word in ("/cancel", "/again", "?again=")] == [False] * 3
    attempt(follow_of(running))
    page = as_bob.get(f"/jobs/{running.pk}")
    assert (page.context["page"].delay, page.context["page"].counted_micros) == (None, CAP)
    html = page.content.decode()
    assert [word in html for word in ("/cancel", "/again", "?again=")] == [False] * 3
    assert "Gone at Run402" in html


def test_cost_below_nothing_is_none_that_was_told(running: Job) -> None:
    ended_at_cost(running, -5)
    assert not settling.settle(running)
    assert payment_of(running).state == "reserved"


def test_cost_below_nothing_is_not_written(running: Job, knob: Knob, as_bob: Client) -> None:
    knob("job", seconds=0, cost_usd_micros=-5)
    as_bob.post(f"/jobs/{running.pk}/again")
    fresh = Job.objects.exclude(pk=running.pk).get()
    attempt(operation_of(fresh))
    attempt(follow_of(fresh))
    operation_of(fresh)
    assert (fresh.status, fresh.cost_micros, payment_of(fresh).state) == ("completed", None, "reserved")


def test_cost_above_the_cap_counts_and_is_told(as_bob: Client, running: Job) -> None:
    ended_at_cost(running, CAP + 1)
    assert settling.settle(running)
    assert counted(running) == ("completed", "settled", CAP + 1)
    told = OperationEvent.objects.filter(operation=running.operation, type="warning")
    assert [event.message for event in told] == [
        "Run402 charged more than the cap: $0.050001 instead of $0.05 at most."
    ]
    assert "Run402 charged more than the cap." in as_bob.get(f"/jobs/{running.pk}").content.decode()


def test_list_says_nothing_was_paid_only_where_run402_never_had_the_job(
    as_bob: Client, project: Project
) -> None:
    JobFactory.create(project=project, status="failed", ended_at=timezone.now())
    assert ">nothing<" not in as_bob.get("/jobs").content.decode()
    JobFactory.create(project=project, status="not_submitted", remote_id="")
    assert as_bob.get("/jobs").content.decode().count(">nothing<") == 1


def test_project_without_a_service_key_or_at_core_offers_no_job(as_bob: Client, project: Project) -> None:
    panel = f"/projects/{project.pk}/panels/jobs"

    def offered() -> tuple[bool, bool]:
        ready = selectors.ready_projects(Reach(project.team_id), project.gateway)
        return "/jobs/new" in as_bob.get(panel).content.decode(), ready.exists()

    assert offered() == (True, True)
    Project.objects.update(service_key_sealed=b"")
    assert offered() == (False, False)
    Project.objects.update(service_key_sealed=b"sealed")
    type(project.gateway).objects.filter(pk=project.gateway_id).update(kind="core")
    assert offered() == (False, False)

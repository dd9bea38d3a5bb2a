"""A job's way against the sandbox: reserved, submitted once, followed, settled by what it cost."""

from __future__ import annotations

import json
from datetime import timedelta

import time_machine
from django.test import Client
from django.utils import timezone

from billing.background import close_orphans
from jobs import background, selectors
from jobs.handlers import settling
from jobs.models import Job
from operations import approvals
from operations.models import Approval, Operation, State
from projects.models import Project
from teams.models import User
from tests.fixtures import RunOperations
from tests.jobs.conftest import CAP, Knob, attempt, follow_of, operation_of, submit
from wallets import policies
from wallets.limits import Cap, Limits
from wallets.models import Payment
from wallets.models.gateway import BASE_SEPOLIA

RUNS = "/jobs/v1/runs"


def payment_of(job: Job) -> Payment:
    return Payment.objects.get(operation_id=operation_of(job).pk)


def posts(job: Job) -> list[tuple[str, str]]:
    """Return key and path of every submission of the job."""
    rows = operation_of(job).requests.filter(method="POST")
    return list(rows.values_list("idempotency_key", "path"))


def test_job_is_submitted_once_followed_to_its_end_and_settled_by_its_cost(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    job = submit(as_bob, project)
    run_operations()
    operation, payment = operation_of(job), payment_of(job)
    assert (operation.state, job.status, job.ended_at is not None) == (State.SUCCEEDED, "completed", True)
    assert posts(job) == [(f"panel-{operation.pk}", RUNS)]
    assert (payment.amount_micros, payment.cost, payment.project_id) == (CAP, "job", project.pk)
    assert (payment.state, payment.settled_micros, payment.paid_by) == ("settled", job.cost_micros, "balance")
    assert job.cost_micros is not None
    assert 0 < job.cost_micros < CAP
    lines = selectors.lines_of(job)
    assert lines is not None
    assert [lines[0].message, lines[-1].message] == [
        "Runner started for kysigned.fflonk_prove.v0_17_0.",
        "Runner ended: completed.",
    ]
    assert [one["name"] for one in job.artifacts] == ["summary.json"]
    assert follow_of(job).result == {"status": "completed", "cost_micros": job.cost_micros}


def test_the_cap_counts_while_the_run_goes_on_though_its_operation_has_ended(running: Job) -> None:
    assert close_orphans(running.project.gateway, 10) == 0
    assert (payment_of(running).state, payment_of(running).amount_micros) == ("reserved", CAP)


def test_reservation_of_a_job_that_run402_never_had_is_released(
    as_bob: Client, project: Project, knob: Knob, run_operations: RunOperations
) -> None:
    knob("status", method="POST", path=RUNS, status=400, code="BAD_FIELD", message="No such thing.")
    job = submit(as_bob, project)
    run_operations()
    assert (operation_of(job).state, job.status, payment_of(job).state) == (
        State.FAILED,
        "not_submitted",
        "released",
    )
    page = as_bob.get(f"/jobs/{job.pk}").content.decode()
    assert "No such thing." in page
    assert "Nothing was charged." in page


def test_a_cap_of_zero_for_jobs_refuses_before_any_request_leaves(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    none = Limits(20 * CAP, 40 * CAP, (BASE_SEPOLIA,), caps=(Cap("kind", "job", "test", "day", 0),))
    policies.write(project.wallet, none)
    job = submit(as_bob, project)
    run_operations()
    operation = operation_of(job)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "LIMIT_OF_KIND")
    assert (operation.requests.count(), Payment.objects.count()) == (0, 0)


def test_lost_answer_is_asked_for_again_under_the_same_key_and_makes_one_job(
    as_bob: Client, project: Project, knob: Knob, run_operations: RunOperations
) -> None:
    knob("drop_after", method="POST", path=RUNS)
    job = submit(as_bob, project)
    run_operations()
    operation = operation_of(job)
    assert (operation.state, job.status) == (State.SUCCEEDED, "completed")
    assert posts(job) == [(f"panel-{operation.pk}", RUNS)] * 2
    assert Payment.objects.count() == 1


def test_cap_that_the_balance_does_not_cover_is_one_sentence_and_two_steps(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    job = submit(as_bob, project, max_cost_usd_micros=11 * CAP)
    run_operations()
    error = operation_of(job).error
    steps = [step["url"] for step in error["next_actions"]]
    assert (error["code"], steps) == (
        "JOB_NOT_COVERED",
        [f"/wallets/{project.wallet_id}", f"/jobs/new?again={job.pk}"],
    )
    assert error["message"].startswith(
        "The balance that Run402 keeps for Main does not cover the cap of $0.55."
    )
    assert payment_of(job).state == "released"


def test_cap_below_the_price_is_told_with_a_way_to_raise_it(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    job = submit(as_bob, project, max_cost_usd_micros=100)
    run_operations()
    error = operation_of(job).error
    assert (error["code"], error["next_actions"][0]["url"]) == ("CAP_TOO_LOW", f"/jobs/new?again={job.pk}")
    assert error["message"].startswith("The cap of $0.0001 is below what such a job costs.")
    assert payment_of(job).state == "released"


def test_cap_above_the_wallets_limit_never_leaves(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    policies.write(project.wallet, policies.Limits(CAP - 1, CAP, (BASE_SEPOLIA,)))
    job = submit(as_bob, project)
    run_operations()
    assert (operation_of(job).error["code"], posts(job)) == ("LIMIT_PER_PAYMENT", [])


def test_a_second_person_approves_the_very_bytes_of_the_job(
    as_bob: Client, project: Project, alice: User, run_operations: RunOperations
) -> None:
    policies.write(project.wallet, policies.Limits(10 * CAP, 20 * CAP, approvals=(("job", CAP - 1),)))
    job = submit(as_bob, project)
    run_operations()
    request = Approval.objects.get(operation=operation_of(job))
    assert (operation_of(job).reason, posts(job)) == ("approval", [])
    approvals.approve(operation=operation_of(job), actor=alice, digest=request.digest)
    Job.objects.filter(pk=job.pk).update(spec={**job.spec, "input_json": {"a": 2}})
    run_operations()
    assert (operation_of(job).error["code"], posts(job)) == ("JOB_TAMPERED", [])


def test_a_second_person_s_word_lets_the_job_leave(
    as_bob: Client, project: Project, alice: User, run_operations: RunOperations
) -> None:
    policies.write(project.wallet, policies.Limits(10 * CAP, 20 * CAP, approvals=(("job", CAP - 1),)))
    job = submit(as_bob, project)
    run_operations()
    request = Approval.objects.get(operation=operation_of(job))
    approvals.approve(operation=operation_of(job), actor=alice, digest=request.digest)
    run_operations()
    assert operation_of(job).state == State.SUCCEEDED


def test_failed_run_tells_its_error_and_what_it_cost(
    as_bob: Client, project: Project, knob: Knob, run_operations: RunOperations
) -> None:
    knob("job", seconds=0, fails=True, code="OUT_OF_MEMORY", message="It needed more.", cost_usd_micros=7000)
    job = submit(as_bob, project)
    run_operations()
    operation_of(job)
    assert (job.status, job.error_code, payment_of(job).settled_micros) == ("failed", "OUT_OF_MEMORY", 7000)
    assert "It needed more." in as_bob.get(f"/jobs/{job.pk}").content.decode()


def test_run_that_cost_nothing_releases_its_cap(
    as_bob: Client, project: Project, knob: Knob, run_operations: RunOperations
) -> None:
    knob("job", seconds=0, cost_usd_micros=0)
    job = submit(as_bob, project)
    run_operations()
    assert (payment_of(job).state, payment_of(job).settled_micros) == ("released", 0)


def test_run_whose_cost_is_never_told_counts_the_whole_cap(running: Job) -> None:
    ended = timezone.now()
    Job.objects.filter(pk=running.pk).update(status="completed", ended_at=ended, cost_micros=None)
    running.refresh_from_db()
    assert not settling.settle(running)
    with time_machine.travel(ended + timedelta(minutes=11)):
        assert settling.settle(running)
    assert (payment_of(running).state, payment_of(running).settled_micros) == ("settled", CAP)


def test_cancelled_run_is_charged_what_it_ran(
    as_bob: Client, running: Job, run_operations: RunOperations
) -> None:
    as_bob.post(f"/jobs/{running.pk}/cancel")
    run_operations()
    running.refresh_from_db()
    assert (running.status, payment_of(running).state) == ("cancelled", "settled")
    assert payment_of(running).settled_micros == running.cost_micros


def test_cancel_whose_answer_is_lost_is_looked_up(
    as_bob: Client, running: Job, knob: Knob, run_operations: RunOperations
) -> None:
    knob("drop_after", method="DELETE", path=f"{RUNS}/*")
    as_bob.post(f"/jobs/{running.pk}/cancel")
    run_operations()
    running.refresh_from_db()
    cancelling = Operation.objects.get(subject_id=running.pk, kind="job.cancel")
    assert (running.status, cancelling.state) == ("cancelled", State.SUCCEEDED)
    assert cancelling.requests.filter(method="DELETE").count() == 1


def test_job_in_line_is_withdrawn_and_costs_nothing(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    job = submit(as_bob, project)
    as_bob.post(f"/jobs/{job.pk}/cancel")
    run_operations()
    assert (operation_of(job).state, job.status, Payment.objects.count()) == (
        State.CANCELLED,
        "withdrawn",
        0,
    )


def test_one_operation_follows_a_job_however_many_look(as_bob: Client, running: Job) -> None:
    for _ in range(3):
        as_bob.get(f"/jobs/{running.pk}")
    assert Operation.objects.filter(subject_id=running.pk, kind="job.follow").count() == 1


def test_looking_brings_the_next_reading_forward(as_bob: Client, running: Job) -> None:
    later = timezone.now() + timedelta(minutes=1)
    Operation.objects.filter(pk=follow_of(running).pk).update(not_before=later)
    as_bob.get(f"/jobs/{running.pk}")
    assert follow_of(running).not_before <= timezone.now()


def test_reading_is_quick_while_somebody_looks_and_slow_afterwards(as_bob: Client, running: Job) -> None:
    as_bob.get(f"/jobs/{running.pk}")
    watched = attempt(follow_of(running))
    assert watched.not_before - timezone.now() <= timedelta(seconds=2)
    Job.objects.filter(pk=running.pk).update(
        watched_at=timezone.now() - timedelta(minutes=1), created_at=timezone.now() - timedelta(hours=1)
    )
    assert attempt(follow_of(running)).not_before - timezone.now() > timedelta(seconds=50)


def test_job_that_nothing_follows_any_more_is_planned_again(running: Job) -> None:
    Operation.objects.filter(pk=follow_of(running).pk).update(state=State.FAILED, finished_at=timezone.now())
    gateway = running.project.gateway
    assert background.plan_jobs(gateway, 10) == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert background.plan_jobs(gateway, 10) == 1
        assert background.plan_jobs(gateway, 10) == 0


def test_log_that_is_kept_no_longer_is_read_again_when_somebody_looks(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    job = submit(as_bob, project)
    run_operations()
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        assert selectors.lines_of(operation_of(job).job) is None
        as_bob.get(f"/jobs/{job.pk}")
        run_operations()
        assert selectors.lines_of(job) is not None


def test_file_is_fetched_held_against_its_digest_and_saved(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    job = submit(as_bob, project)
    run_operations()
    assert as_bob.get(f"/jobs/{job.pk}/artifact?name=summary.json").status_code == 302
    as_bob.post(f"/jobs/{job.pk}/fetch", {"name": "summary.json"})
    run_operations()
    answer = as_bob.get(f"/jobs/{job.pk}/artifact?name=summary.json")
    content = b"".join(answer)
    assert json.loads(content)["job_type"] == job.job_type
    assert answer.headers["Content-Disposition"] == 'attachment; filename="summary.json"'
    assert as_bob.get(f"/jobs/{job.pk}/artifact?name=other.json").status_code == 404


def test_file_that_is_not_what_run402_describes_is_not_kept(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    job = submit(as_bob, project)
    run_operations()
    operation_of(job)
    Job.objects.filter(pk=job.pk).update(artifacts=[{**job.artifacts[0], "sha256": "0" * 64}])
    as_bob.post(f"/jobs/{job.pk}/fetch", {"name": "summary.json"})
    run_operations()
    fetching = Operation.objects.get(subject_id=job.pk, kind="job.artifact")
    assert (fetching.state, fetching.error["code"]) == (State.FAILED, "ARTIFACT_DIFFERS")
    assert selectors.kept_artifacts(operation_of(job).job) == {}


def test_run_again_submits_the_same_as_a_job_of_its_own(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    first = submit(as_bob, project)
    run_operations()
    answer = as_bob.post(f"/jobs/{first.pk}/again")
    fresh = Job.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    run_operations()
    operation_of(first), operation_of(fresh)
    assert (fresh.again_id, fresh.spec, fresh.cap_micros) == (first.pk, first.spec, first.cap_micros)
    assert fresh.remote_id != first.remote_id


def test_word_of_run402_that_nobody_knows_is_shown_and_counts_as_going_on(
    as_bob: Client, running: Job
) -> None:
    Job.objects.filter(pk=running.pk).update(status="spot_interrupted")
    running.refresh_from_db()
    assert "Spot interrupted" in as_bob.get(f"/jobs/{running.pk}").content.decode()
    assert running.is_open

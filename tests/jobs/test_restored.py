"""A backup made while a job was under way, restored after its end: it is charged once, and nobody is blamed for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from billing.services import look_outside
from core.backup import making
from jobs.models import Job
from operations import background, queue
from operations.models import Operation, Reason, State
from projects.models import Project
from teams.models import User
from tests.billing.conftest import attempt as attempt_one
from tests.fixtures import ClientAs
from tests.jobs.conftest import CAP, Knob, attempt, follow_of, operation_of, run_due, submit
from tests.restoring import catch_up, restore_in_place
from tests.sandboxes import Sandbox
from wallets import halts, signer
from wallets.models import Halt, Payment, Wallet
from wallets.selectors import spent_in_a_day_micros

TIER = 100_000

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def file(tmp_path: Path, settings: Settings) -> Path:
    settings.GATEWAYS = []
    return tmp_path / "panel.tar"


def resume_all(alice: User) -> None:
    halts.lift(Halt.objects.get(lifted_at=None), actor=alice.actor)


def balance_of(wallet: Wallet) -> int | None:
    """Return what Run402 keeps for the wallet."""
    with signer.client(wallet.gateway, wallet) as client:
        return client.billing.account().available_micros


def found() -> list[tuple[str, str, int | None]]:
    """Return what the ledger holds, but for the tier that the fixture bought past the panel."""
    of_the_balance = Payment.objects.exclude(paid_by="x402")
    return list(of_the_balance.values_list("kind", "state", "settled_micros"))


def spent(wallet: Wallet) -> int:
    return spent_in_a_day_micros(wallet) - TIER


def end(job: Job) -> int:
    """Let the panel of before read the end; return what it cost."""
    attempt_one(follow_of(job))
    job.refresh_from_db()
    assert (job.status, Payment.objects.get().state) == ("completed", "settled")
    return job.cost_micros or 0


def test_a_job_that_ended_after_the_backup_is_charged_once(
    as_bob: Client, project: Project, knob: Knob, file: Path, sandbox: Sandbox, alice: User
) -> None:
    knob("job", seconds=0, cost_usd_micros=7000)
    job = submit(as_bob, project)
    runner_until_submitted(job)
    making.to_file(file)
    cost, left = end(job), balance_of(project.wallet)

    restore_in_place(file)
    assert (follow_of(job).state, Payment.objects.get().state) == (State.CANCELLED, "reserved")
    assert catch_up(sandbox).state == State.SUCCEEDED
    assert found() == [("job.submit", "reserved", None)]
    wallet = Wallet.objects.get(pk=project.wallet_id)
    assert (wallet.is_frozen, spent(wallet)) == (False, CAP)

    resume_all(alice)
    assert attempt(look_outside(wallet=wallet)).result == {"found": 0}
    Operation.objects.filter(kind="job.follow").update(created_at=job.created_at - timedelta(hours=1))
    background.plan()
    attempt(follow_of(job))
    job.refresh_from_db()
    assert job.status == "completed"
    assert found() == [("job.submit", "settled", cost)]
    assert (spent(wallet), balance_of(wallet)) == (cost, left)
    assert attempt(look_outside(wallet=wallet)).result == {"found": 0}


def test_a_job_asked_for_before_the_backup_and_run_after_it_is_submitted_once(
    as_bob: Client, project: Project, knob: Knob, file: Path, sandbox: Sandbox, alice: User, bob: User
) -> None:
    knob("job", seconds=0, cost_usd_micros=7000)
    job = submit(as_bob, project)
    making.to_file(file)
    runner_until_submitted(job)
    cost, left, remote_id = end(job), balance_of(project.wallet), job.remote_id

    restore_in_place(file)
    assert (operation_of(job).state, operation_of(job).reason, job.remote_id) == (
        "waiting",
        Reason.REVIEW,
        "",
    )
    assert catch_up(sandbox).state == State.SUCCEEDED
    assert found() == [("job.submit", "settled", cost)]

    resume_all(alice)
    queue.decide(operation_of(job), actor=bob, checkpoints={}, message="Resumed")
    run_due()
    attempt(follow_of(job))
    job.refresh_from_db()
    assert (operation_of(job).state, job.remote_id, job.status) == (State.SUCCEEDED, remote_id, "completed")
    assert found() == [("job.submit", "settled", cost)]
    assert balance_of(project.wallet) == left


def runner_until_submitted(job: Job) -> None:
    """Run what submits it, and nothing else."""
    attempt_one(operation_of(job))
    assert operation_of(job).state == State.SUCCEEDED
    assert job.remote_id


def test_page_of_a_job_that_may_have_run_says_that_nobody_knows(
    as_bob: Client, project: Project, file: Path, client_as: ClientAs, bob: User
) -> None:
    job = submit(as_bob, project)
    making.to_file(file)
    restore_in_place(file)
    page = client_as(bob).get(f"/jobs/{job.pk}").content.decode()
    assert page.count("Whether Run402 has it is not known.") == 1
    assert "whether Run402 has the job is not known." in page
    assert "On its way to Run402" not in page

"""A job that somebody puts in the place of the one that was asked for: it never leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jobs.models import Job
from operations.models import State
from projects.models import Project
from tests.factories import ProjectFactory, WalletFactory
from tests.fixtures import RunOperations
from tests.jobs.conftest import CAP, Knob, attempt, operation_of, submit
from wallets.models import Payment


def _other_wallet(job: Job) -> dict[str, Any]:
    made = WalletFactory.create(team=job.team, gateway=job.project.gateway, owner=job.created_by)
    return {"wallet": made}


def _other_project(job: Job) -> dict[str, Any]:
    made = ProjectFactory.create(team=job.team, wallet=job.wallet, created_by=job.created_by)
    return {"project": made}


SWAPS: dict[str, Callable[[Job], dict[str, Any]]] = {
    "input": lambda job: {"spec": {**job.spec, "input_json": {"a": 2}}},
    "callback": lambda job: {"spec": {**job.spec, "callback_url": "https://other.test"}},
    "type": lambda job: {"job_type": "other.type.v1"},
    "cap": lambda job: {"cap_micros": job.cap_micros + 1},
    "network": lambda job: {"network": "eip155:8453"},
    "wallet": _other_wallet,
    "project": _other_project,
}


@pytest.mark.parametrize("what", SWAPS)
def test_job_that_was_swapped_in_line_is_refused_before_anything_is_reserved(
    as_bob: Client, project: Project, run_operations: RunOperations, what: str
) -> None:
    job = submit(as_bob, project)
    Job.objects.filter(pk=job.pk).update(**SWAPS[what](job))
    run_operations()
    operation = operation_of(job)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "JOB_TAMPERED")
    assert operation.error["message"] == (
        "This job is not what was asked for any more. Nothing was submitted."
    )
    assert (operation.requests.count(), Payment.objects.count()) == (0, 0)


def test_job_that_was_swapped_after_its_reservation_is_refused(
    as_bob: Client, project: Project, knob: Knob
) -> None:
    knob("status", method="POST", path="/jobs/v1/runs", status=429, code="RATE_LIMITED", message="Slower.")
    job = submit(as_bob, project)
    assert attempt(operation_of(job)).state == State.QUEUED
    assert Payment.objects.get().state == "reserved"
    Job.objects.filter(pk=job.pk).update(spec={**job.spec, "input_json": {"a": 2}})
    operation = attempt(operation_of(job))
    assert (operation.state, operation.error["code"]) == (State.FAILED, "JOB_TAMPERED")
    assert operation.requests.filter(method="POST").count() == 1


def test_cap_counts_where_run402_may_have_the_job_that_was_asked_for(
    as_bob: Client, project: Project, knob: Knob, run_operations: RunOperations
) -> None:
    knob("drop_after", method="POST", path="/jobs/v1/runs")
    job = submit(as_bob, project)
    attempt(operation_of(job))
    Job.objects.filter(pk=job.pk).update(spec={**job.spec, "input_json": {"a": 2}})
    run_operations()
    operation, payment = operation_of(job), Payment.objects.get()
    assert (operation.error["code"], payment.state, payment.settled_micros) == (
        "JOB_TAMPERED",
        "settled",
        CAP,
    )
    assert "Nobody knows whether Run402 took it" in as_bob.get(f"/jobs/{job.pk}").content.decode()


def test_keys_in_any_order_are_the_job_that_was_asked_for(
    as_bob: Client, project: Project, run_operations: RunOperations
) -> None:
    job = submit(as_bob, project, input={"input.json": {"zz": 1e2, "b": {"y": 1, "a": None}, "é": [1.0]}})
    run_operations()
    assert operation_of(job).state == State.SUCCEEDED

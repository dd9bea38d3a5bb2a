"""Jobs: what travels, what is refused before it does, and the round trip with the sandbox."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import httpx
import pytest

from run402 import Client, errors
from run402.resources.jobs import FFLONK_PROVE, Job, read_job
from run402.resources.projects import ProvisionedProject
from run402.transport import LocalhostTransport
from tests.run402.gateways import Gateway, ok
from tests.run402.test_run402_sandbox import alice, client, project
from tests.sandboxes import Sandbox

__all__ = ["alice", "client", "project"]

CAP = 50_000


def submitted(client: Client, service_key: str = "s", *, key: str = "job-1", micros: int = CAP) -> Job:
    return client.jobs.submit(
        FFLONK_PROVE, {"a": 1}, max_cost_micros=micros, idempotency_key=key, service_key=service_key
    )


def test_submission_is_the_contracts_document_under_its_key() -> None:
    gateway = Gateway(ok({"job_id": "job_1", "status": "queued"}, 202))
    assert submitted(gateway.client()).status == "queued"
    assert gateway.sent == {
        "job_type": FFLONK_PROVE,
        "input": {"input_json": {"a": 1}},
        "max_cost_usd_micros": CAP,
    }
    assert (gateway.last.headers["Idempotency-Key"], gateway.last.headers["Authorization"]) == (
        "job-1",
        "Bearer s",
    )


@pytest.mark.parametrize("micros", [0, -1])
def test_job_without_a_cap_is_refused_unsent(micros: int) -> None:
    gateway = Gateway()
    with pytest.raises(ValueError, match="cost cap"):
        submitted(gateway.client(), micros=micros)
    assert gateway.requests == []


@pytest.mark.parametrize(
    ("status", "completed", "ended"),
    [
        ("timed_out", "2026-05-21T12:00:00Z", True),
        ("canceled", "2026-05-21T12:00:00Z", True),
        ("spot_interrupted", None, False),
        ("running", "2026-05-21T12:00:00Z", False),
        ("completed", None, True),
    ],
)
def test_unknown_word_ends_a_run_once_the_gateway_tells_when_it_completed(
    status: str, completed: str | None, ended: bool
) -> None:
    told = read_job({"job_id": "job_1", "status": status, "completed_at": completed})
    assert told.has_ended == ended


@pytest.mark.parametrize("tail", [0, 1001])
def test_more_lines_than_the_gateway_gives_are_refused_unsent(tail: int) -> None:
    gateway = Gateway()
    with pytest.raises(ValueError, match="lines"):
        gateway.client().jobs.logs("job_1", service_key="s", tail=tail)
    assert gateway.requests == []


def test_unknown_words_are_kept_and_odd_values_read_as_absent() -> None:
    told: dict[str, Any] = {
        "job_id": "job_1",
        "status": "paused",
        "artifacts": {"a": {"url": "https://x/a", "size_bytes": 3}, "b": "run402://b", "c": 7},
        "metadata": {"cost_usd_micros": "free", "spot": True},
        "error": "none",
    }
    job = Gateway(ok(told)).client().jobs.get("job_1", service_key="s")
    assert (job.status, job.has_ended, job.cost_micros, job.error_code) == ("paused", False, None, None)
    assert [(each.name, each.url, each.size_bytes) for each in job.artifacts] == [
        ("a", "https://x/a", 3),
        ("b", "run402://b", None),
        ("c", None, None),
    ]
    assert (job.raw, job.metadata["spot"]) == (told, True)


def test_answer_without_an_id_is_no_job() -> None:
    with pytest.raises(errors.BadAnswer):
        submitted(Gateway(ok({"status": "queued"}, 202)).client())


def test_logs_ask_for_what_is_new() -> None:
    gateway = Gateway(
        ok({"logs": [{"message": "hi", "timestamp": "2026-05-21T12:00:00Z", "event_id": "e"}, 1]})
    )
    (line,) = gateway.client().jobs.logs("job_1", service_key="s", tail=7, since_ms=5)
    assert (gateway.last.url.raw_path, line.message) == (b"/jobs/v1/runs/job_1/logs?tail=7&since=5", "hi")


def test_job_is_submitted_once_followed_and_its_file_taken(
    sandbox: Sandbox, client: Client, project: ProvisionedProject
) -> None:
    key = project.service_key
    with pytest.raises(errors.PaymentRequired) as refused:
        submitted(client, key)
    assert (refused.value.code, refused.value.challenge) == ("INSUFFICIENT_BALANCE", None)
    credit(sandbox, client)
    job = submitted(client, key)
    assert submitted(client, key).job_id == job.job_id
    while not job.has_ended:
        time.sleep(0.01)
        job = client.jobs.get(job.job_id, service_key=key)
    (artifact,) = job.artifacts
    content = client.jobs.artifact(job.job_id, artifact.name, service_key=key)
    assert (job.status, hashlib.sha256(content).hexdigest()) == ("completed", artifact.sha256)
    assert job.cost_micros is not None
    assert 0 < job.cost_micros < CAP
    assert client.jobs.logs(job.job_id, service_key=key)[-1].message == "Runner ended: completed."
    assert client.jobs.cancel(job.job_id, service_key=key).status == "completed"
    with pytest.raises(errors.NotFound):
        client.jobs.artifact(job.job_id, "other", service_key=key)


def credit(sandbox: Sandbox, client: Client) -> None:
    assert client.signer is not None
    body = {"address": client.signer.address, "amount_usd_micros": CAP}
    with httpx.Client(transport=LocalhostTransport()) as http:
        http.post(f"{sandbox.url}/_sandbox/credit", json=body).raise_for_status()

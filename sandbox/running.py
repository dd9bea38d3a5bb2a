"""What the clock makes of a job: queued, running, ended; its lines, its files and what it costs (apply 8).

Nothing is proved here: a run takes its time, tells what a runner would tell, and leaves a summary of its input. The
price is the sandbox's own, since the contract names none; it is taken from the prepaid balance of the project's wallet
when the run ends, and the cap is held from the start.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import Any

from sandbox.clock import iso
from sandbox.ids import canonical_json, digest
from sandbox.store import Store
from sandbox.store.accounts import Account
from sandbox.store.jobs import Job

#: What a run costs that began, and each second of it.
START_MICROS, SECOND_MICROS = 10_000, 500
QUEUED_PHASES, RUNNING_PHASES = 2, 12
SUMMARY = "summary.json"
STREAM = "sandbox/runner"
_SAID = (
    (0.0, "Runner started for {type}."),
    (0.1, "Input read: {size} bytes, sha256 {digest}."),
    (0.3, "Step 1 of 3: checked the input."),
    (0.6, "Step 2 of 3: the sandbox proves nothing, it waits."),
    (0.9, "Step 3 of 3: wrote the summary."),
)


def held(store: Store, owner: str) -> int:
    """How much of a wallet's prepaid balance the caps of its open jobs hold, in micros."""
    return sum(job.most_micros for job in store.jobs.open_of(owner))


def catch_up(store: Store, owner: str, now: float) -> None:
    """Let each open job of a wallet be where the clock says, and charge those that ended."""
    with store.transaction():
        for job in store.jobs.open_of(owner):
            moved = _at(job, now)
            if moved.status != job.status:
                finish(store, moved)


def finish(store: Store, job: Job) -> Job:
    """Write a job's new state; one that has ended is charged, once, as far as the balance reaches."""
    if not job.is_open:
        job = replace(job, cost_micros=_charge(store, job))
    store.jobs.move(job)
    return job


def cancelled(job: Job, now: float) -> Job:
    """The job, stopped now; one that did not begin ran no second."""
    return replace(job, status="cancelled", starts_at=min(job.starts_at, now), ends_at=now)


def told(job: Job, origin: str) -> dict[str, Any]:
    """The job as the gateway tells it; what there is not yet is left out."""
    began, ended = job.status != "queued", not job.is_open
    return {
        "job_id": job.id,
        "job_type": job.job_type,
        "status": job.status,
        "created_at": iso(job.created_at),
        **({"started_at": iso(job.starts_at)} if began else {}),
        **({"completed_at": iso(job.ends_at), "metadata": _metadata(job)} if ended else {}),
        **({"artifacts": _artifacts(job, origin)} if job.status == "completed" else {}),
        **({"error": _error(job)} if job.status == "failed" else {}),
    }


def lines(job: Job, now: float) -> list[dict[str, Any]]:
    """What the runner has said until now, oldest first."""
    if job.status == "queued":
        return []
    size = len(canonical_json(job.input))
    facts = {"type": job.job_type, "size": size, "digest": digest(job.input)}
    planned = _planned(job)
    said = [(job.starts_at + part * planned, text.format(**facts)) for part, text in _SAID]
    said = [(at, text) for at, text in said if at <= min(now, job.ends_at)]
    if not job.is_open:
        said.append((job.ends_at, f"Runner ended: {job.status}."))
    return [_line(job, number, at, text) for number, (at, text) in enumerate(said)]


def file(job: Job, name: str) -> bytes | None:
    """The bytes of an artifact, or None."""
    if job.status != "completed" or name != SUMMARY:
        return None
    size = len(canonical_json(job.input))
    return canonical_json({"job_type": job.job_type, "input_bytes": size, "input_sha256": digest(job.input)})


def _at(job: Job, now: float) -> Job:
    if now >= job.ends_at:
        return replace(job, status="failed" if job.knob.get("fails") else "completed")
    return replace(job, status="running") if now >= job.starts_at else job


def _planned(job: Job) -> float:
    """How long the run is meant to take; a cancelled one keeps that in its knob."""
    return float(job.knob["seconds"])


def _charge(store: Store, job: Job) -> int:
    before = store.accounts.get(job.owner)
    cost = min(_price(job), job.most_micros, before.credit_micros)
    after: Account = replace(before, credit_micros=before.credit_micros - cost)
    store.accounts.save(after)
    store.accounts.enter(before, after, kind="job", reference=job.id, now=job.ends_at)
    return cost


def _price(job: Job) -> int:
    if isinstance(job.knob.get("cost_usd_micros"), int):
        return int(job.knob["cost_usd_micros"])
    seconds = job.ends_at - job.starts_at
    return START_MICROS + SECOND_MICROS * math.ceil(seconds) if seconds > 0 else 0


def _metadata(job: Job) -> dict[str, Any]:
    price, cost = _price(job), job.cost_micros or 0
    return {
        "wall_seconds": round(job.ends_at - job.starts_at, 3),
        "cost_usd_micros": cost,
        "raw_cost_usd_micros": price,
        "absorbed_overage_usd_micros": price - cost,
        "instance_type": "sandbox",
        "interrupt_count": 0,
        "attempt_count": 1,
        "billing_status": "charged" if cost else "not_charged",
    }


def _artifacts(job: Job, origin: str) -> dict[str, Any]:
    content = file(job, SUMMARY) or b""
    return {
        SUMMARY: {
            "url": f"{origin}/jobs/v1/runs/{job.id}/artifacts/{SUMMARY}",
            "content_type": "application/json",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_bytes": len(content),
        }
    }


def _error(job: Job) -> dict[str, Any]:
    return {
        "code": str(job.knob.get("code") or "JOB_FAILED"),
        "message": str(job.knob.get("message") or "A knob of the sandbox made this run fail."),
    }


def _line(job: Job, number: int, at: float, text: str) -> dict[str, Any]:
    return {
        "timestamp": iso(at),
        "message": text,
        "log_stream_name": STREAM,
        "event_id": f"{job.id}-{number:04d}",
        "ingestion_time": iso(at),
    }

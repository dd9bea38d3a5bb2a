"""A job: refused without a balance, submitted with a cap, read, its log and file, cancelled."""

from __future__ import annotations

from typing import Any

from tests.conformance.matching import anything, identifier, text
from tests.conformance.step import Memory, Step

TYPE = "kysigned.fflonk_prove.v0_17_0"
CAP = 20_000
#: Long enough to be cancelled before it ends by itself.
LONG = {"do": "job", "queued_seconds": 600, "seconds": 600}
AT_ONCE = {"do": "job", "queued_seconds": 0, "seconds": 0}


def _submission(memory: Memory) -> dict[str, Any]:
    return {"type": TYPE, "input": {"message": "Hello"}, "most": CAP}


def _it(memory: Memory) -> dict[str, Any]:
    return {"job": memory["job"]}


JOBS = [
    Step(
        "job without money",
        "is refused a job that the prepaid balance does not cover",
        "job_submit",
        _submission,
        error={"status": 402},
    ),
    Step(
        "job",
        "submits a job with a cap",
        "job_submit",
        _submission,
        credit=2 * CAP,
        order=AT_ONCE,
        expect={"job_id": identifier("job"), "job_type": TYPE, "status": "queued"},
        keep={"job": "job_id"},
    ),
    Step(
        "ended job",
        "reads the job, which has ended",
        "job",
        _it,
        expect={"status": "completed", "artifacts": {"summary.json": {"url": text}}, "metadata": anything},
    ),
    Step("job log", "reads its log", "job_logs", _it, expect={"logs": lambda seen: len(seen) > 1}),
    Step(
        "job file",
        "takes the file that it left",
        "job_artifact",
        lambda memory: {**_it(memory), "name": "summary.json"},
        expect={"text": lambda seen: "input_sha256" in seen},
    ),
    Step(
        "missing job file",
        "is told that there is no other file",
        "job_artifact",
        lambda memory: {**_it(memory), "name": "other.json"},
        error={"status": 404},
    ),
    Step(
        "long job",
        "submits a job that takes long",
        "job_submit",
        _submission,
        order=LONG,
        expect={"status": "queued"},
        keep={"job": "job_id"},
    ),
    Step("cancel the job", "cancels it", "job_cancel", _it, expect={"status": "cancelled"}),
]

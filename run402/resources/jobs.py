"""Jobs: runs of what Run402 manages, submitted with a cost cap (contract: apply 8).

A gateway has no list of them: who submits a job keeps its id, or submits the same bytes under the same key again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from run402 import reading
from run402.reading import Document
from run402.routes import bearer, route
from run402.wire import Call, Wire, json_call

#: The one type that Run402 is known to run; others are the gateway's to accept or refuse.
FFLONK_PROVE = "kysigned.fflonk_prove.v0_17_0"
ENDED = frozenset({"completed", "failed", "cancelled"})
GOING_ON = frozenset({"queued", "running"})
MOST_TAIL = 1000
_PATH = "/jobs/v1/runs"


@dataclass(frozen=True)
class JobArtifact:
    """A file that a run left. Only its name and ``url`` are always there; an old run's may be a bare reference.

    >>> read_artifact("proof.json", "run402://storage/x").url
    'run402://storage/x'
    """

    name: str
    url: str | None
    content_type: str | None
    sha256: str | None
    size_bytes: int | None


@dataclass(frozen=True)
class Job:
    """One run. ``status`` is the gateway's word, also one that is not known yet; costs are USDC micros.

    >>> job = read_job({"job_id": "job_1", "status": "completed", "metadata": {"cost_usd_micros": 900}})
    >>> job.has_ended, job.cost_micros
    (True, 900)
    """

    job_id: str
    job_type: str
    status: str
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    artifacts: tuple[JobArtifact, ...]
    cost_micros: int | None
    billing_status: str | None
    error_code: str | None
    error_message: str | None
    metadata: Document = field(repr=False)
    raw: Document = field(repr=False)

    @property
    def has_ended(self) -> bool:
        """A status that is not known yet counts as going on, until the gateway tells when the run completed."""
        return self.status in ENDED or (self.completed_at is not None and self.status not in GOING_ON)


@dataclass(frozen=True)
class JobLine:
    """One line of a run's logs. ``event_id`` tells lines apart that were written in the same millisecond.

    >>> read_line({"message": "proving", "timestamp": 1779364800000}).at.isoformat()
    '2026-05-21T12:00:00+00:00'
    """

    message: str
    at: datetime | None
    stream: str | None
    event_id: str | None


class JobsResource:
    """``client.jobs``; the service key says which project is meant, and Run402 Core has none of it.

    >>> import httpx
    >>> from run402 import Client
    >>> answer = {"job_id": "job_1", "job_type": FFLONK_PROVE, "status": "queued"}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(202, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> client.jobs.submit(FFLONK_PROVE, {}, max_cost_micros=1, idempotency_key="job-1", service_key="k").status
    'queued'
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def submit(
        self,
        job_type: str,
        input_json: Mapping[str, Any],
        *,
        max_cost_micros: int,
        idempotency_key: str,
        service_key: str,
        callback_url: str | None = None,
    ) -> Job:
        """Ask for a run that costs ``max_cost_micros`` (USDC micros) at most.

        The same key with the same arguments gives the same run again. Raises ValueError for a cap below one micro,
        and PaymentRequired when the organization cannot cover it (the exact code is not in the contract).
        """
        if max_cost_micros < 1:
            raise ValueError("A job needs a cost cap of at least one micro.")
        body = {
            "job_type": job_type,
            "input": {"input_json": dict(input_json)},
            "max_cost_usd_micros": max_cost_micros,
            **({"callback_url": callback_url} if callback_url else {}),
        }
        call = json_call("POST", _PATH, body, headers=bearer(service_key), idempotency_key=idempotency_key)
        return self._wire.read(call, read_job)

    def get(self, job_id: str, *, service_key: str) -> Job:
        """How the run stands. Raises NotFound."""
        return self._wire.read(Call("GET", _run(job_id), headers=bearer(service_key)), read_job)

    def logs(
        self, job_id: str, *, service_key: str, tail: int | None = None, since_ms: int | None = None
    ) -> tuple[JobLine, ...]:
        """The last ``tail`` lines (1 to 1000, the gateway's default is 100), at or after ``since_ms`` (unix time)."""
        if tail is not None and not 1 <= tail <= MOST_TAIL:
            raise ValueError(f"Between 1 and {MOST_TAIL} lines can be asked for.")
        path = route(f"{_PATH}/{{}}/logs", job_id, query={"tail": tail, "since": since_ms})
        return self._wire.read(Call("GET", path, headers=bearer(service_key)), read_lines)

    def cancel(self, job_id: str, *, service_key: str) -> Job:
        """Stop a queued or running run; what it cost so far is charged."""
        return self._wire.read(Call("DELETE", _run(job_id), headers=bearer(service_key)), read_job)

    def artifact(self, job_id: str, name: str, *, service_key: str) -> bytes:
        """The bytes of a file that the run left. Raises NotFound before it completed, and for another name."""
        path = route(f"{_PATH}/{{}}/artifacts/{{}}", job_id, name)
        return self._wire.fetch(Call("GET", path, headers=bearer(service_key))).content


def _run(job_id: str) -> str:
    return route(f"{_PATH}/{{}}", job_id)


def read_job(doc: Document) -> Job:
    metadata, error = reading.mapping(doc, "metadata"), reading.mapping(doc, "error")
    return Job(
        job_id=reading.need_text(doc, "job_id"),
        job_type=reading.text(doc, "job_type") or "",
        status=reading.need_text(doc, "status"),
        created_at=reading.moment(doc, "created_at"),
        started_at=reading.moment(doc, "started_at"),
        completed_at=reading.moment(doc, "completed_at"),
        artifacts=tuple(read_artifact(*item) for item in reading.mapping(doc, "artifacts").items()),
        cost_micros=reading.number(metadata, "cost_usd_micros"),
        billing_status=reading.text(metadata, "billing_status"),
        error_code=reading.text(error, "code"),
        error_message=reading.text(error, "message"),
        metadata=metadata,
        raw=doc,
    )


def read_artifact(name: str, told: Any) -> JobArtifact:
    doc = told if isinstance(told, dict) else {"url": told}
    return JobArtifact(
        name=name,
        url=reading.text(doc, "url"),
        content_type=reading.text(doc, "content_type"),
        sha256=reading.text(doc, "sha256"),
        size_bytes=reading.number(doc, "size_bytes"),
    )


def read_lines(doc: Document) -> tuple[JobLine, ...]:
    return tuple(read_line(item) for item in reading.documents(doc, "logs"))


def read_line(doc: Document) -> JobLine:
    return JobLine(
        message=reading.text(doc, "message") or "",
        at=reading.moment(doc, "timestamp") or _from_milliseconds(reading.number(doc, "timestamp")),
        stream=reading.text(doc, "log_stream_name"),
        event_id=reading.text(doc, "event_id"),
    )


def _from_milliseconds(number: int | None) -> datetime | None:
    if number is None:
        return None
    try:
        return datetime.fromtimestamp(number / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None

"""Operations as files, taken along before they go: JSON lines with every step and request, or a table without them.

Left out is what only the engine needs (checkpoints, leases), what a passkey signed, and results that must not stay.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from audit.files import Echo, cell
from operations.models import Operation, OperationEvent, OperationRequest
from operations.registry import kinds

FORMATS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
#: Operations read at a time, with their steps and requests.
CHUNK = 200
COLUMNS = (
    "id",
    "team",
    "kind",
    "title",
    "asked_by",
    "gateway",
    "wallet",
    "project",
    "state",
    "reason",
    "attempts",
    "asked_at",
    "started_at",
    "ended_at",
    "code",
    "message",
)


def jsonl(found: QuerySet[Operation]) -> Iterator[str]:
    """Yield a line for each operation, oldest first."""
    rows = _oldest_first(found).prefetch_related("events", "requests")
    for operation in rows.iterator(chunk_size=CHUNK):
        yield json.dumps(_whole(operation), ensure_ascii=False) + "\n"


def as_csv(found: QuerySet[Operation]) -> Iterator[str]:
    """Yield the lines of a table for spreadsheets, oldest operation first."""
    writer = csv.writer(Echo())
    yield str(writer.writerow(COLUMNS))
    for operation in _oldest_first(found).iterator(chunk_size=CHUNK):
        error = operation.error
        values = {**_facts(operation), "code": error.get("code", ""), "message": error.get("message", "")}
        yield str(writer.writerow([cell(values[name] or "") for name in COLUMNS]))


def _oldest_first(found: QuerySet[Operation]) -> QuerySet[Operation]:
    return found.select_related("gateway", "wallet").order_by("created_at", "pk")


def _facts(operation: Operation) -> dict[str, Any]:
    return {
        "id": str(operation.pk),
        "team": str(operation.team_id),
        "kind": operation.kind,
        "title": operation.title,
        "asked_by": operation.actor_label,
        "gateway": operation.gateway_id or "",
        "wallet": operation.wallet.label if operation.wallet else "",
        "project": str(operation.project_id or ""),
        "state": operation.state,
        "reason": operation.reason,
        "attempts": operation.attempts,
        "asked_at": _time(operation.created_at),
        "started_at": _time(operation.started_at),
        "ended_at": _time(operation.finished_at),
    }


def _whole(operation: Operation) -> dict[str, Any]:
    return {
        **_facts(operation),
        "args": operation.args,
        "result": operation.result if _stays(operation) else {},
        "error": operation.error,
        "steps_kept": operation.trimmed_at is None,
        "steps": [_step(event) for event in operation.events.all()],
        "requests": [_request(request) for request in operation.requests.all()],
    }


def _stays(operation: Operation) -> bool:
    """Say whether its result may be kept: not one that is emptied, and not one of a kind that nobody knows any more."""
    return operation.kind in kinds and kinds.get(operation.kind).result_for is None


def _step(event: OperationEvent) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": _time(event.at),
        "type": event.type,
        "phase": event.phase,
        "message": event.message,
        "data": event.data,
    }


def _request(request: OperationRequest) -> dict[str, Any]:
    return {
        "at": _time(request.at),
        "method": request.method,
        "path": request.path,
        "status": request.status,
        "milliseconds": request.milliseconds,
        "trace_id": request.trace_id,
        "idempotency_key": request.idempotency_key,
        "sent_bytes": request.sent_bytes,
        "received_bytes": request.received_bytes,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="microseconds") if moment else None

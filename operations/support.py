"""An operation as plain text for whoever is asked for help: what, when, how it ended, what was sent. No bodies."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import django

from core.version import version
from operations.decisions import DOUBTS, RECONCILING
from operations.endings import PAUSING, SENT, UNKNOWN_SINCE
from operations.models import Operation, OperationRequest
from operations.registry import kind_label

#: Checkpoints of the engine itself: none of them is a step that was done.
OF_THE_ENGINE = frozenset({RECONCILING, DOUBTS, SENT, PAUSING, UNKNOWN_SINCE})
#: The newest requests; a longer list is on the page and in the export.
MOST_REQUESTS = 200
ENVELOPE = (
    "code",
    "message",
    "hint",
    "source",
    "status",
    "retryable",
    "safe_to_retry",
    "mutation_state",
    "trace_id",
)
#: Of an error's open details, what names a thing at Run402.
DETAILS = ("nonce", "transaction", "exception")


def support_text(operation: Operation, requests: Iterable[OperationRequest], count: int) -> str:
    """Return the text; `requests` are the newest ones in the order they were sent, of `count` in all."""
    parts = [_head(operation), _error(operation.error), _checkpoints(operation), _requests(requests, count)]
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"


def _head(operation: Operation) -> Iterator[str]:
    state = f"{operation.state}: {operation.reason}" if operation.reason else operation.state
    yield f"Run402 Panel {version()}, Python {platform.python_version()}, Django {django.get_version()}"
    yield f"operation   {operation.pk}"
    yield f"kind        {operation.kind} ({kind_label(operation.kind)})"
    yield f"state       {state}, attempt {operation.attempts}"
    if operation.gateway:
        yield f"gateway     {operation.gateway.name}, {operation.gateway.url}"
    yield f"asked       {_time(operation.created_at)}"
    yield f"started     {_time(operation.started_at)}"
    yield f"ended       {_time(operation.finished_at)}"
    yield f"key         {operation.idempotency_key}"


def _error(error: Mapping[str, Any]) -> Iterator[str]:
    for name in ENVELOPE:
        if (value := error.get(name)) not in (None, ""):
            yield f"{name:<15} {_plain(value)}"
    for name, value in named(error).items():
        yield f"{name:<15} {value}"


def named(error: Mapping[str, Any]) -> dict[str, str]:
    """Return what an error's details name at Run402: ids, the nonce of a payment."""
    details = error.get("details")
    found = details.items() if isinstance(details, Mapping) else ()
    return {
        str(name): value
        for name, value in found
        if isinstance(value, str) and value and (str(name).endswith("_id") or name in DETAILS)
    }


def checkpoints(operation: Operation) -> dict[str, Any]:
    """Return what its handler wrote down of what it did."""
    found = operation.checkpoints.items() if isinstance(operation.checkpoints, dict) else ()
    return {name: value for name, value in found if value not in (None, "") and name not in OF_THE_ENGINE}


def _checkpoints(operation: Operation) -> Iterator[str]:
    if done := sorted(checkpoints(operation)):
        yield f"done so far: {', '.join(done)}"


def _requests(requests: Iterable[OperationRequest], count: int) -> Iterator[str]:
    rows = list(requests)
    yield f"requests    {count}" + (f", the last {len(rows)} of them" if len(rows) < count else "")
    for row in rows:
        answer = "no answer" if row.status is None else str(row.status)
        yield f"{_time(row.at)}  {row.method} {row.path}  {answer}, {row.milliseconds} ms"
        ids = f"trace {row.trace_id or '-'}  key {row.idempotency_key or '-'}"
        yield f"    {ids}  sent {row.sent_bytes} B, received {row.received_bytes} B"


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if moment else "-"


def _plain(value: object) -> str:
    return " ".join(str(value).split())

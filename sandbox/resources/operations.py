"""Operations: read, list, events, resume (apply 2.9, 2.12)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.clock import iso
from sandbox.problems import Problem, bad_request, conflict, not_found
from sandbox.store.operations import Operation
from sandbox.web import Call, answer, endpoint

RESUMABLE = ("schema_settling", "activation_pending")


def read(call: Call) -> Response:
    return answer(snapshot(_own(call)))


def _own(call: Call) -> Operation:
    project = access.keyed_project(call)
    operation = call.gateway.store.operations.get(call.path_param("id"))
    if operation is None or operation.project_id != project.id:
        raise _unknown()
    return operation


def _unknown() -> Problem:
    return not_found("OPERATION_NOT_FOUND", "The project has no such operation.")


def snapshot(operation: Operation) -> dict[str, Any]:
    return {
        "operation_id": operation.id,
        "project_id": operation.project_id,
        "plan_id": operation.plan_id,
        "kind": operation.kind,
        "status": operation.status,
        "base_release_id": operation.base_release_id,
        "target_release_id": operation.target_release_id,
        "release_id": operation.release_id,
        "urls": operation.urls,
        "payment_required": None,
        "error": operation.error,
        "activate_attempts": operation.activate_attempts,
        "last_activate_attempt_at": iso(operation.last_activate_attempt_at),
        "created_at": iso(operation.created_at),
        "updated_at": iso(operation.updated_at),
    }


def listing(call: Call) -> Response:
    """Newest first. The cursor is the number of the last operation shown."""
    project = access.keyed_project(call)
    limit = call.whole_number("limit", default=20, most=100)
    below = call.whole_number("cursor", default=0, most=2**62) or None
    found = call.gateway.store.operations.page(project.id, below=below, limit=limit + 1)
    cursor = str(found[limit - 1].number) if len(found) > limit else None
    return answer({"operations": [snapshot(operation) for operation in found[:limit]], "cursor": cursor})


def events(call: Call) -> Response:
    operation = _own(call)
    limit = call.whole_number("limit", default=500, most=1000)
    after = call.whole_number("cursor", default=0, most=2**62)
    found = call.gateway.store.operations.events(operation.id, after=after, limit=limit)
    rows = [{"id": number, **body, "created_at": iso(at)} for number, body, at in found]
    return answer({"events": rows, "cursor": str(found[-1][0]) if found else None})


def resume(call: Call) -> Response:
    """Try the failed phase again, forward only."""
    wallet = access.wallet(call)
    if call.body.strip() not in (b"", b"{}"):
        raise bad_request("BAD_FIELD", "A resume takes no body.")
    store = call.gateway.store
    with store.transaction():
        operation = store.operations.get(call.path_param("id"))
        if operation is None or not _is_owner(call, wallet, operation):
            raise _unknown()
        if operation.status not in RESUMABLE:
            text = f"An operation that is '{operation.status}' cannot be resumed."
            raise conflict("NOT_RESUMABLE", text, operation_id=operation.id)
        again = "activating" if operation.status == "activation_pending" else operation.status
        call.gateway.machine.enter(operation, again)
        moved = store.operations.get(operation.id) or operation
    return answer(snapshot(moved))


def _is_owner(call: Call, wallet: str, operation: Operation) -> bool:
    project = call.gateway.store.projects.get(operation.project_id)
    return project is not None and project.owner == wallet.lower()


routes = [
    Route("/apply/v1/operations", endpoint(listing), methods=["GET"]),
    Route("/apply/v1/operations/{id}", endpoint(read), methods=["GET"]),
    Route("/apply/v1/operations/{id}/events", endpoint(events), methods=["GET"]),
    Route("/apply/v1/operations/{id}/resume", endpoint(resume), methods=["POST"]),
]

"""Functions of a project outside of deploys: list, deploy, change, delete, read logs (apply 7.1, 7.2)."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.clock import iso
from sandbox.problems import Problem, bad_request, not_found
from sandbox.release import limits
from sandbox.release.functions import NAME, read_change
from sandbox.release.state import Function
from sandbox.store.functions import Deployed, LogLine
from sandbox.store.projects import Project
from sandbox.web import Call, answer, endpoint

_REQUEST_ID = re.compile(r"req_[A-Za-z0-9_-]{4,128}")
_CONFIG = {"timeout": "timeout_seconds", "memory": "memory_mb"}


def listing(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    return answer(
        {"functions": [_row(call, one) for one in call.gateway.store.functions.deployed(project.id)]}
    )


def _row(call: Call, deployed: Deployed) -> dict[str, Any]:
    function = deployed.function
    return {
        "name": function.name,
        "url": f"{call.origin}/functions/v1/{function.name}",
        "runtime": function.runtime,
        "timeout": function.timeout_seconds,
        "memory": function.memory_mb,
        "schedule": function.schedule,
        "schedule_meta": {"run_count": 0, "last_run_at": None} if function.schedule else None,
        "created_at": iso(deployed.created_at),
        "updated_at": iso(deployed.updated_at),
        "runtime_version": None,
        "deps_resolved": None,
    }


def deploy(call: Call) -> Response:
    """Make or change a function at once, without a release."""
    project = access.serviced_project(call, call.path_param("id"))
    access.require_open(call, project)
    body, name = call.json(), call.text("name")
    code = body.get("code")
    if not NAME.fullmatch(name):
        text = "A function's name has lower-case letters, digits, '-' and '_'."
        raise bad_request("BAD_FIELD", text, field="name")
    if not isinstance(code, str) or not code:
        raise bad_request("BAD_FIELD", "'code' must be the text of the function.", field="code")
    content = code.encode()
    sha256 = hashlib.sha256(content).hexdigest()
    entry = {"source": {"sha256": sha256, "size": len(content)}, **_settings(body)}
    store = call.gateway.store
    with store.transaction():
        store.blobs.put(content, sha256)
        store.content.link(project.id, sha256, len(content))
        deployed = _put(call, project, name, entry)
    return answer({**_row(call, deployed), "status": "deployed"}, 201)


def _settings(body: dict[str, Any]) -> dict[str, Any]:
    """The parts of a spec's entry that this older form words differently."""
    given: dict[str, Any] = {name: body[name] for name in ("schedule", "deps") if name in body}
    config = body.get("config")
    if isinstance(config, dict):
        given["config"] = {_CONFIG.get(name, name): value for name, value in config.items()}
    return given


def _put(call: Call, project: Project, name: str, entry: dict[str, Any]) -> Deployed:
    """Lay the entry over the function of this name, within the tier's limits. Raises Problem."""
    store = call.gateway.store
    known = store.functions.of_project(project.id)
    base = next((function for function in known if function.name == name), None)
    try:
        made = read_change(name, entry, "functions").over(base, keep=True)
    except Problem as problem:
        raise (
            bad_request("BAD_FIELD", str(problem)) if problem.code == "INVALID_SPEC" else problem
        ) from problem
    others = [function for function in known if function.name != name]
    limits.check([*others, made], limits.tier_of(store, project), known)
    store.functions.put(project.id, made, now=call.gateway.clock.now())
    return _own(call, project, made.name)


def _own(call: Call, project: Project, name: str) -> Deployed:
    deployed = call.gateway.store.functions.get(project.id, name)
    if deployed is None:
        raise not_found("FUNCTION_NOT_FOUND", f"The project has no function '{name}'.")
    return deployed


def change(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    access.require_open(call, project)
    name = call.path_param("name")
    with call.gateway.store.transaction():
        _own(call, project, name)
        deployed = _put(call, project, name, _settings(call.json()))
    row = _row(call, deployed)
    shown = ("name", "runtime", "timeout", "memory", "schedule", "schedule_meta", "updated_at")
    return answer({name: row[name] for name in shown})


def delete(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    function = _own(call, project, call.path_param("name")).function
    call.gateway.store.functions.remove(project.id, function.name)
    return answer({"status": "deleted", "name": function.name})


def logs(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    function = _own(call, project, call.path_param("name")).function
    request_id, since = call.query("request_id"), call.query("since") or "0"
    if request_id is not None and not _REQUEST_ID.fullmatch(request_id):
        raise bad_request("BAD_FIELD", "'request_id' looks like req_….", field="request_id")
    if not since.isascii() or not since.isdigit():
        raise bad_request("BAD_FIELD", "'since' is a time in milliseconds.", field="since")
    tail = call.whole_number("tail", default=50, most=1000)
    lines = call.gateway.store.functions.logs(
        project.id, function.name, since=int(since) / 1000, request_id=request_id, tail=tail
    )
    return answer({"logs": [_entry(function, line) for line in lines]})


def _entry(function: Function, line: LogLine) -> dict[str, Any]:
    return {
        "timestamp": iso(line.at),
        "message": line.message,
        "event_id": f"evt_{line.id}",
        "log_stream_name": function.name,
        "ingestion_time": iso(line.at),
        "request_id": line.request_id,
    }


_PATH = "/projects/v1/admin/{id}/functions"

routes = [
    Route(_PATH, endpoint(listing), methods=["GET"]),
    Route(_PATH, endpoint(deploy), methods=["POST"]),
    Route(f"{_PATH}/{{name}}", endpoint(change), methods=["PATCH"]),
    Route(f"{_PATH}/{{name}}", endpoint(delete), methods=["DELETE"]),
    Route(f"{_PATH}/{{name}}/logs", endpoint(logs), methods=["GET"]),
]

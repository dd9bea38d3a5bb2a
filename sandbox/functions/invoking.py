"""From a visitor's request to the function's answer (apply 4.2, 4.3)."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from sandbox.clock import Clock
from sandbox.functions import gate, process
from sandbox.functions.locale import locale_headers
from sandbox.functions.node import Node, find_node, find_packages
from sandbox.problems import Problem, not_found
from sandbox.release.state import Function
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.store.projects import Project

MOST_BYTES = 6 * 1024 * 1024
AT_ONCE = 8
REQUEST_ID = "sandbox.request_id"
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"}
_HOP_BY_HOP |= {"transfer-encoding", "upgrade", "proxy-connection"}
_OWN = {*_HOP_BY_HOP, "content-length", "content-encoding"}


@dataclass(frozen=True)
class Target:
    """What is called, and for whom; `i18n` is that of the release whose route led here."""

    project: Project
    name: str
    i18n: Mapping[str, Any] | None = None


class Invoker:
    """Runs at most a few functions at once; others wait their turn without holding a thread of the API."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._turns = CapacityLimiter(AT_ONCE)
        self._children = process.Children()

    def stop(self) -> None:
        """End the functions that run now."""
        self._children.stop_all()

    async def invoke(self, request: Request, target: Target) -> Response:
        """Raises Problem for everything but an answer of the function itself."""
        body = await _read(request)
        return await to_thread.run_sync(self._invoke, request, body, target, limiter=self._turns)

    def _invoke(self, request: Request, body: bytes, target: Target) -> Response:
        project = target.project
        found = self._store.functions.get(project.id, target.name)
        if found is None:
            raise not_found("FUNCTION_NOT_FOUND", f"The project has no function '{target.name}'.")
        database = self._store.databases.open(project.id)
        who = gate.identity(found.function, request.headers, database, now=self._clock.now())
        extra = {**who, **locale_headers(target.i18n, request.headers)}
        node = find_node()
        if node is None:
            raise _no_node()
        job = self._job(request, body, project, found.function, extra)
        return self._run(node, job, request, project, found.function)

    def _job(
        self, request: Request, body: bytes, project: Project, function: Function, extra: Mapping[str, str]
    ) -> process.Job:
        blobs = self._store.blobs
        named = {"index.mjs": function.source} if function.source else dict(function.files)
        return process.Job(
            files={path: blobs.read(file.sha256) for path, file in named.items()},
            entrypoint=function.entrypoint or "index.mjs",
            request=_envelope(request, body, extra),
            environment=self._environment(project),
            timeout_seconds=function.timeout_seconds,
            memory_mb=function.memory_mb,
            packages=find_packages(),
            may_be_typescript=function.source is not None,
        )

    def _environment(self, project: Project) -> dict[str, str]:
        """The project's secrets and keys; nothing of the process that runs the sandbox."""
        port = urlsplit(self._settings.public_url).port
        return {
            **self._store.secrets.values(project.id),
            "RUN402_API_BASE": f"http://127.0.0.1:{port}",
            "RUN402_PROJECT_ID": project.id,
            "RUN402_ANON_KEY": project.anon_key,
            "RUN402_SERVICE_KEY": project.service_key,
        }

    def _run(
        self, node: Node, job: process.Job, request: Request, project: Project, function: Function
    ) -> Response:
        request_id = request.scope[REQUEST_ID]
        outcome = process.run(node, job, self._children)
        lines = list(outcome.lines)
        if outcome.failure:
            lines.append((time.time(), _last_words(outcome, function)))
        self._store.functions.log(project.id, function.name, request_id, lines)
        if outcome.response is None:
            raise _failed(outcome, function, request_id)
        return _answer(outcome.response, request, request_id)


async def _read(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            raise Problem(413, "ROUTED_REQUEST_TOO_LARGE", "A function takes at most 6 MiB.")
        chunks.append(chunk)
    return b"".join(chunks)


def _envelope(request: Request, body: bytes, extra: Mapping[str, str]) -> dict[str, Any]:
    """Headers that only the gateway may set, and those of one connection, do not come through."""
    passed = [
        (name, value)
        for name, value in request.headers.items()
        if name not in _HOP_BY_HOP and name != "content-length" and not name.startswith("x-run402-")
    ]
    return {
        "method": request.method,
        "url": str(request.url),
        "headers": [*passed, *extra.items(), ("x-run402-request-id", request.scope[REQUEST_ID])],
        "body": base64.b64encode(body).decode() if body and request.method not in ("GET", "HEAD") else None,
    }


def _answer(told: Mapping[str, Any], request: Request, request_id: str) -> Response:
    """Several cookies stay several headers; a HEAD has no body."""
    body = base64.b64decode(told["body"])
    if len(body) > MOST_BYTES:
        text = "The function answered more than 6 MiB."
        raise Problem(502, "ROUTED_RESPONSE_TOO_LARGE", text, category="function", request_id=request_id)
    response = Response(b"" if request.method == "HEAD" else body, int(told["status"]))
    for name, value in told["headers"]:
        if name not in _OWN and not name.startswith("x-run402-"):
            response.headers.append(name, value)
    if "cache-control" not in response.headers:
        response.headers["cache-control"] = "private, no-store"
        response.headers["x-run402-cache"] = "dynamic-bypass"
    return response


def _last_words(outcome: process.Outcome, function: Function) -> str:
    if outcome.failure == "timeout":
        return f"Stopped: no answer within {function.timeout_seconds} seconds."
    if outcome.failure == "crashed":
        return f"{outcome.message} It may have needed more than {function.memory_mb} MB."
    return f"Failed: {outcome.message}"


def _failed(outcome: process.Outcome, function: Function, request_id: str) -> Problem:
    """Visitors learn that it failed; why is in the log."""
    fields: dict[str, Any] = {"category": "function", "request_id": request_id, "resource": function.name}
    if outcome.failure == "missing_package":
        return _missing_package(outcome.message, fields)
    if outcome.failure == "timeout":
        text = f"The function '{function.name}' gave no answer within {function.timeout_seconds} seconds."
        return Problem(504, "FUNCTION_TIMEOUT", text, safe_to_retry=False, mutation_state="unknown", **fields)
    code = "FUNCTION_CRASHED" if outcome.failure == "crashed" else "FUNCTION_FAILED"
    text = f"The function '{function.name}' failed; its log says why."
    return Problem(500, code, text, safe_to_retry=False, mutation_state="unknown", **fields)


def _missing_package(name: str, fields: Mapping[str, Any]) -> Problem:
    return Problem(
        501,
        "NOT_IMPLEMENTED",
        f"The function imports '{name}', which is not installed beside the sandbox.",
        hint="Install it with npm and point SANDBOX_NODE_MODULES at that node_modules folder.",
        details={"package": name},
        **fields,
    )


def _no_node() -> Problem:
    return Problem(
        501,
        "NOT_IMPLEMENTED",
        "This sandbox has no Node to run functions with. The function is deployed, and cannot be called here.",
        category="function",
        hint="Install Node 20 or newer (22.18 for TypeScript), or point SANDBOX_NODE at one.",
    )

"""From Starlette to plain functions: a handler takes a `Call` and returns a response, in a worker thread."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sandbox.problems import Problem, bad_request
from sandbox.settings import MAX_JSON_BYTES

if TYPE_CHECKING:
    from sandbox.gateway import Gateway


@dataclass(frozen=True)
class Call:
    """One request whose body has been read."""

    gateway: Gateway
    request: Request
    body: bytes

    def header(self, name: str) -> str | None:
        return self.request.headers.get(name)

    def query(self, name: str) -> str | None:
        return self.request.query_params.get(name)

    def path_param(self, name: str) -> str:
        return str(self.request.path_params[name])

    @property
    def method_and_path(self) -> str:
        return f"{self.request.method} {self.request.url.path}"

    @property
    def origin(self) -> str:
        """Scheme and host as the client wrote them, so that links in answers are reachable for it."""
        return f"{self.request.url.scheme}://{self.request.headers.get('host', '')}"

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; no body counts as an empty one."""
        if not self.body:
            return {}
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise bad_request("BAD_JSON", "The body is not valid JSON.") from error
        if not isinstance(value, dict):
            raise bad_request("BAD_JSON", "The body must be a JSON object.")
        return value

    def text(self, name: str, *, most: int = 256) -> str:
        """A required, non-empty text field of the body."""
        value = self.json().get(name)
        if not isinstance(value, str) or not 0 < len(value) <= most:
            raise bad_request("BAD_FIELD", f"'{name}' must be a text of 1 to {most} characters.", field=name)
        return value

    def whole_number(self, name: str, *, default: int, most: int) -> int:
        """A positive number from the query, cut at `most`."""
        text = self.query(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise bad_request("BAD_FIELD", f"'{name}' must be a positive whole number.", field=name)
        return min(int(text), most)

    def knob(self, kind: str) -> dict[str, Any] | None:
        """Take one matching failure knob, if somebody set one for this request."""
        return self.gateway.store.knobs.take(self.request.method, self.request.url.path, {kind})


Handler = Callable[[Call], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(handler: Handler) -> Endpoint:
    """Wrap a blocking handler; SQLite is blocking, so it runs in the thread pool."""

    async def run(request: Request) -> Response:
        call = Call(request.app.state.gateway, request, await read_body(request))
        return await run_in_threadpool(handler, call)

    return run


async def read_body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_JSON_BYTES:
            raise Problem(413, "BODY_TOO_LARGE", f"A JSON body may have at most {MAX_JSON_BYTES} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")

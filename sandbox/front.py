"""The first thing a request meets: its id, the log, ordered failures, and which host it is for."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.activity import Exchange
from sandbox.functions.invoking import REQUEST_ID
from sandbox.gateway import Gateway
from sandbox.ids import new_id
from sandbox.problems import Problem
from sandbox.settings import APPS_SUFFIX
from sandbox.severed import Severed, cut
from sandbox.web import answer

TRANSPORT_KNOBS = {"status", "delay", "drop_before", "drop_after"}
_EXPOSED = ["PAYMENT-REQUIRED", "PAYMENT-RESPONSE", "X-Run402-Request-Id", "Retry-After", "Content-Range"]
#: Whoever has such an address may use it: only its beginning is kept.
_CAPABILITIES = ("/uploads/v1/", "/_sandbox/checkout/")


class Front:
    def __init__(self, app: ASGIApp, *, gateway: Gateway) -> None:
        self._gateway = gateway
        self._own = app
        self._api = CORSMiddleware(
            app, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"], expose_headers=_EXPOSED
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._own(scope, receive, send)
            return
        watched = _Watched(send, new_id("req"))
        scope[REQUEST_ID] = watched.request_id
        started = time.perf_counter()
        try:
            await self._respond(scope, receive, watched)
        except Severed:
            watched.status = None
            await cut(scope)
        finally:
            self._log(scope, watched, started)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        knob = await run_in_threadpool(self._knob, scope)
        kind = knob["do"] if knob else None
        if kind == "drop_before":
            raise Severed
        if knob and kind == "delay":
            await asyncio.sleep(int(knob.get("milliseconds", 1000)) / 1000)
        if knob and kind == "status":
            await _ordered(knob)(scope, receive, send)
        elif kind == "drop_after":
            await self._dispatch(scope, receive, _swallow)
            raise Severed
        else:
            await self._dispatch(scope, receive, send)

    def _knob(self, scope: Scope) -> dict[str, Any] | None:
        """Knobs reach the API and the apps, but never the knobs themselves."""
        if scope["path"].startswith("/_sandbox"):
            return None
        return self._gateway.store.knobs.take(scope["method"], scope["path"], TRANSPORT_KNOBS)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        host = (request.url.hostname or "").lower()
        if host in self._gateway.settings.api_names:
            internal = scope["path"] == "/" or scope["path"].startswith("/_sandbox")
            await (self._own if internal else self._api)(scope, receive, send)
        elif host.endswith(APPS_SUFFIX):
            response = await self._gateway.apps.serve(request)
            await response(scope, receive, send)
        else:
            await _misdirected(host)(scope, receive, send)

    def _log(self, scope: Scope, watched: _Watched, started: float) -> None:
        path = scope["path"]
        self._gateway.activity.record(
            Exchange(
                at=time.time(),
                method=scope["method"],
                host=Headers(scope=scope).get("host", ""),
                path=next((head for head in _CAPABILITIES if path.startswith(head)), path),
                status=watched.status,
                milliseconds=int((time.perf_counter() - started) * 1000),
                request_id=watched.request_id,
            )
        )


class _Watched:
    """A `send` that stamps the request id on the answer and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)["X-Run402-Request-Id"] = self.request_id
        await self._send(message)


async def _swallow(message: Message) -> None:
    """The handler did its work; nobody hears of it."""


def _ordered(knob: dict[str, Any]) -> Response:
    """The failure that a status knob describes."""
    status = int(knob.get("status", 500))
    wait = knob.get("retry_after")
    headers = {"Retry-After": str(wait)} if wait is not None else {}
    problem = Problem(
        status,
        str(knob.get("code") or ("RATE_LIMITED" if status == 429 else "INTERNAL_ERROR")),
        str(knob.get("message") or "A knob of the sandbox asked for this failure."),
        category=str(knob.get("category", "sandbox")),
        retryable=bool(knob.get("retryable", status in (408, 425, 429) or status >= 500)),
        safe_to_retry=bool(knob.get("safe_to_retry", True)),
        mutation_state=str(knob.get("mutation_state", "none")),
        **({"retry_after": wait, "retry_after_seconds": wait} if wait is not None else {}),
    )
    return answer(problem.envelope(new_id("trc")), status, headers)


def _misdirected(host: str) -> Response:
    problem = Problem(421, "MISDIRECTED_REQUEST", f"The sandbox does not answer for the host '{host}'.")
    return answer(problem.envelope(new_id("trc")), 421)

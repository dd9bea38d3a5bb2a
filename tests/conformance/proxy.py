"""A recording proxy: passes every request on as it came, and remembers it with its answer."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

from tests.conformance.kit import ScriptError
from tools.ports import free_ports

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

START_SECONDS = 10.0
# Of one connection only, so they are made anew on the other side.
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "content-length"})


@dataclass(frozen=True)
class Recorded:
    """A request as the gateway saw it. Names of headers are in lower case; `target` has the query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    status: int
    answer: bytes = field(repr=False)


@dataclass
class Proxy:
    """`url` is where clients go; `recorded` grows with each request."""

    url: str
    upstream: str
    recorded: list[Recorded] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        target = scope["raw_path"].decode() + (
            f"?{query}" if (query := scope["query_string"].decode()) else ""
        )
        headers = [(name.decode().lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        answer = await self._forward(scope["method"], target, headers, body)
        self.recorded.append(
            Recorded(scope["method"], target, dict(headers), body, answer.status_code, answer.content)
        )
        await _reply(send, answer)

    async def _forward(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> httpx.Response:
        """The Host header goes along: proofs and the gateway's links name the address the client knows."""
        kept = [(name, value) for name, value in headers if name not in HOP_BY_HOP]
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            request = http.build_request(method, self.upstream + target, headers=kept, content=body)
            return await http.send(request)


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _reply(send: Send, answer: httpx.Response) -> None:
    """httpx has decoded the body, so its length and encoding are said anew."""
    dropped = HOP_BY_HOP | {"content-encoding", "date", "server"}
    headers = [(name, value) for name, value in answer.headers.raw if name.decode().lower() not in dropped]
    length = (b"content-length", str(len(answer.content)).encode())
    start = {"type": "http.response.start", "status": answer.status_code, "headers": [*headers, length]}
    await send(start)
    await send({"type": "http.response.body", "body": answer.content})


@contextlib.contextmanager
def recording(upstream: str) -> Iterator[Proxy]:
    """Run a proxy to `upstream` in a thread of this process."""
    port = free_ports(1)[0]
    proxy = Proxy(f"http://127.0.0.1:{port}", upstream)
    config = uvicorn.Config(
        proxy,
        host="127.0.0.1",
        port=port,
        lifespan="off",
        log_level="warning",
        ws="none",
        server_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        _wait(server)
        yield proxy
    finally:
        server.should_exit = True
        thread.join(10)


def _wait(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if time.monotonic() > deadline:
            raise ScriptError("the recording proxy did not start")
        time.sleep(0.01)

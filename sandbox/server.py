"""uvicorn with one addition: a request may cut its own connection."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.settings import LOOPBACK
from sandbox.severed import ABORT


class SeverableProtocol(H11Protocol):
    """Hands `transport.abort` to the application as an ASGI extension."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn types it
        super().connection_made(transport)
        inner = self.app

        async def with_abort(scope: Any, receive: Any, send: Any) -> None:
            extensions = {**(scope.get("extensions") or {}), ABORT: transport.abort}
            await inner({**scope, "extensions": extensions}, receive, send)

        self.app = with_abort


def listen(port: int) -> socket.socket:
    """A loopback listener. Raises OSError when the port cannot be had.

    It names its protocol, because asyncio turns off Nagle's delay (40 ms an answer) only where it is named.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.close()
        raise
    return listener


def config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=SeverableProtocol,
        ws="none",
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
        lifespan="on",
    )


class AnnouncingServer(uvicorn.Server):
    """Says where it listens, once it does: tools wait for that line."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"sandbox: {self._url}", flush=True)  # noqa: T201 - the ready line of the command

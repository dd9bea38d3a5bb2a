"""A sandbox on a real socket of this process, and an HTTP client that knows its host names."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from sandbox.app import create_app
from sandbox.server import config, listen


class _Loopback(httpx.BaseTransport):
    """Connects every host at 127.0.0.1, since Python does not resolve `x.localhost`; the Host header stays."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1")
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class Http(httpx.Client):
    """Paths go to the API, whole addresses to wherever they point."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.origin = f"http://sandbox.localhost:{port}"
        super().__init__(base_url=self.origin, transport=_Loopback(), timeout=10)

    def app(self, name: str, path: str = "/") -> str:
        return f"http://{name}.localhost:{self.port}{path}"

    def turn(self, **knob: Any) -> httpx.Response:
        response = self.post("/_sandbox/knobs", json=knob)
        assert response.is_success, response.text
        return response


@contextlib.contextmanager
def sandbox_over(data: Path) -> Iterator[Http]:
    """Serve the folder until the block ends."""
    with listen(0) as listener:
        port = listener.getsockname()[1]
        server = uvicorn.Server(config(create_app(data, public_url=f"http://sandbox.localhost:{port}")))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.005)
            with Http(port) as http:
                yield http
        finally:
            server.should_exit = True
            thread.join()

"""Connecting: names below ``.localhost`` are this machine, whatever the resolver thinks of them.

Browsers resolve ``app.localhost`` to the loopback address by themselves; Python's resolver does not.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx

LOOPBACK = "127.0.0.1"

# Idle connections are dropped before the five seconds after which common servers drop theirs: a request that
# meets a closing connection cannot be told from one that was lost on its way.
LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=4.0)


class LocalhostTransport(httpx.BaseTransport):
    """Connects ``*.localhost`` at 127.0.0.1 and keeps the Host header and the TLS name; passes the rest on.

    >>> LocalhostTransport().close()
    """

    def __init__(self, inner: httpx.BaseTransport | None = None) -> None:
        self._inner = inner or httpx.HTTPTransport(trust_env=False, limits=LIMITS)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith(".localhost"):
            return self._inner.handle_request(_at_loopback(request))
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class PacedTransport(httpx.BaseTransport):
    """Calls ``before`` with the method of a request to ``base_url``; what it raises keeps the request from being sent.

    >>> PacedTransport("https://api.run402.com", print).close()
    """

    def __init__(
        self, base_url: str, before: Callable[[str], None], inner: httpx.BaseTransport | None = None
    ) -> None:
        self._origin = _origin(httpx.URL(base_url))
        self._before = before
        self._inner = inner or LocalhostTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) == self._origin:
            self._before(request.method)
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _at_loopback(request: httpx.Request) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=LOOPBACK),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )

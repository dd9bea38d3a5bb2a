"""Sends one request under the rules, and reads a bounded answer."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore
import httpx
from django.utils.translation import gettext as _

from core.outgoing.connecting import CheckedBackend, Resolve, resolve
from core.outgoing.rules import Rules, Target

MOST_BYTES = 64 * 1024
MOST_SECONDS = 15.0
CONNECT_SECONDS = 5.0
_OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}


class Unreachable(Exception):
    """The address was allowed, and gave no whole answer: a sentence that repeats nothing of the request."""


@dataclass(frozen=True)
class Answer:
    """What came back. A redirect is an answer like any other; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Guard:
    """Rules, limits and a resolver; stateless, so that one may serve all.

    `resolver` and `trust` (the certificates) are for tests.
    """

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        resolver: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
        seconds: float = MOST_SECONDS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._rules = rules or Rules.of_the_operator()
        self._resolver = resolver
        self._trust = trust
        self._seconds, self._most_bytes = seconds, most_bytes

    def check(self, url: str) -> Target:
        """Return where the address leads, from its spelling alone. Raises Refusal."""
        return self._rules.check(url)

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> Answer:
        """Send one request; for workers only. Raises Refusal before anything leaves, or Unreachable."""
        target = self.check(url)
        deadline = time.monotonic() + self._seconds
        backend = CheckedBackend(target, deadline, self._resolver)
        sent = [*_own(headers), ("Accept-Encoding", "identity")]
        limits = {"connect": CONNECT_SECONDS, "read": self._seconds, "write": self._seconds}
        try:
            # A pool of its own for each request: a connection checked for one name never serves another.
            with (
                httpcore.ConnectionPool(ssl_context=self._context(), network_backend=backend) as pool,
                pool.stream(
                    method, _address(target), headers=sent, content=content, extensions={"timeout": limits}
                ) as answer,
            ):
                names = {
                    name.decode("latin-1").lower(): text.decode("latin-1") for name, text in answer.headers
                }
                return Answer(answer.status, names, self._read(answer))
        except httpcore.TimeoutException:
            raise Unreachable(_("The address did not answer in time.")) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unreachable(_("The address could not be reached (%s).") % type(error).__name__) from None

    def _read(self, answer: httpcore.Response) -> bytes:
        parts, size = [], 0
        for part in answer.iter_stream():
            size += len(part)
            if size > self._most_bytes:
                raise Unreachable(_("The answer was larger than the panel reads."))
            parts.append(part)
        return b"".join(parts)

    def _context(self) -> ssl.SSLContext:
        return self._trust or httpx.create_ssl_context(trust_env=False)


def _own(headers: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """Return the caller's headers but for those that decide where a request goes and where it ends."""
    return [(name, text) for name, text in (headers or {}).items() if name.lower() not in _OURS]


def _address(target: Target) -> httpcore.URL:
    """Return the address from the parts that were checked; nothing reads the text a second time."""
    return httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)

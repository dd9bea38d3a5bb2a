"""Connections to addresses that were checked, all parts of which end at one moment."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from ssl import SSLContext
from typing import Any

import httpcore
from django.utils.translation import gettext as _

from core.outgoing.addresses import is_never, is_public
from core.outgoing.rules import Target, refusal

Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """Return every address of a host, as the machine's resolver knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves a name once, refuses it whole when one of its addresses is not allowed, connects to what it checked."""

    def __init__(self, target: Target, deadline: float, resolver: Resolve) -> None:
        self._target, self._deadline, self._resolve = target, deadline, resolver
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        for number, address in enumerate(addresses := self._addresses(host, port), start=1):
            try:
                stream = self._inner.connect_tcp(address, port, left(self._deadline, timeout), local_address)
            except httpcore.ConnectError:
                if number == len(addresses):
                    raise
            else:
                return _Bounded(stream, self._deadline)
        raise httpcore.ConnectError("the name has no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the name cannot be resolved") from None
        for address in found:
            if is_never(address) or not (self._target.exempt or is_public(address)):
                raise refusal(
                    _("Its name leads to a private or reserved network. The operator could allow it.")
                )
        return found


class _Bounded(httpcore.NetworkStream):
    """A stream whose every read and write ends by the deadline: a trickle does not go on for ever."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, left(self._deadline, timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, left(self._deadline, timeout))
        return _Bounded(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def left(deadline: float, timeout: float | None) -> float:
    """Return the seconds a step may take. Raises TimeoutException when the deadline has passed."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("the time for the whole request is over")
    return seconds if timeout is None else min(timeout, seconds)

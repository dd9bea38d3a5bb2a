"""Cutting a connection without an answer, as a crashed or unreachable gateway does."""

from __future__ import annotations

import asyncio

from starlette.types import Scope

from sandbox.store.database import KeepWork

ABORT = "sandbox.abort"


class Severed(KeepWork):
    """The work stays done, the client learns nothing."""


class ConnectionCut(ConnectionAbortedError):
    """What an in-process client sees where there is no socket to cut."""


async def cut(scope: Scope) -> None:
    """Close the socket under this request. Raises ConnectionCut where the server offers no socket."""
    abort = scope.get("extensions", {}).get(ABORT)
    if abort is None:
        raise ConnectionCut("the sandbox was told to cut this connection")
    abort()
    await asyncio.sleep(0.01)

"""Endpoints that moved between generations of the gateway: ask the new one, fall back to the old one, remember.

Which one answered is remembered for each gateway, so that the question is asked once (wire README, dialects).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

from run402 import errors

T = TypeVar("T")

Generation = Literal["new", "old"]

GONE = frozenset({404, 410, 501})


class Memory(Protocol):
    """Where the answers are kept; a program may keep them longer than its process lives."""

    def recall(self, gateway: str, feature: str) -> Generation | None:
        """Which generation of a feature answered at a gateway, or None."""

    def remember(self, gateway: str, feature: str, generation: Generation) -> None:
        """Keep which one answered."""


class ProcessMemory:
    """Remembers for as long as the process lives; may be shared between threads.

    >>> memory = ProcessMemory()
    >>> memory.remember("https://api.run402.com", "projects.list", "old")
    >>> memory.recall("https://api.run402.com", "projects.list")
    'old'
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered: dict[tuple[str, str], Generation] = {}

    def recall(self, gateway: str, feature: str) -> Generation | None:
        with self._lock:
            return self._answered.get((gateway, feature))

    def remember(self, gateway: str, feature: str, generation: Generation) -> None:
        with self._lock:
            self._answered[gateway, feature] = generation


SHARED = ProcessMemory()


def either(memory: Memory, gateway: str, feature: str, *, new: Callable[[], T], old: Callable[[], T]) -> T:
    """What the generation in use answers; tries ``new`` first where nothing is known.

    Only a first answer of 404, 410 or 501 means that an endpoint is not there: later ones are about what was asked
    for. When neither is there, the error of the newer one is raised and nothing is remembered.
    """
    known = memory.recall(gateway, feature)
    if known is not None:
        return new() if known == "new" else old()
    try:
        answer = new()
    except errors.ApiError as missing:
        if missing.status not in GONE:
            raise
        answer = _fallen_back(old, missing)
        memory.remember(gateway, feature, "old")
    else:
        memory.remember(gateway, feature, "new")
    return answer


def _fallen_back(old: Callable[[], T], missing: errors.ApiError) -> T:
    try:
        return old()
    except errors.ApiError as error:
        raise (missing if error.status in GONE else error) from None

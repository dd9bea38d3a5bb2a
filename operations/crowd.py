"""How many tabs follow something in this process, and so how often each of them may ask.

A tab asks once a second or two. Where many do, each asks more seldom, so that all together ask no more often than a
small machine answers beside its other work. The figures are this process's own: each web process keeps to its share.
"""

from __future__ import annotations

import threading
import time

#: Polls a second that one web process invites in all.
MOST_A_SECOND = 50
#: The first, quick polls of something interactive are few; only what asks on and on is stretched.
STEADY_MS = 1000
#: A tab that has not asked for so long is gone or hidden.
GONE_SECONDS = 10.0

_seen: dict[str, float] = {}
_lock = threading.Lock()


def delay(tab: str, milliseconds: int, now: float | None = None) -> int:
    """Return after how many milliseconds a tab asks again that would ask after so many if it were alone."""
    if milliseconds < STEADY_MS:
        return milliseconds
    return max(milliseconds, _tabs(tab, time.monotonic() if now is None else now) * 1000 // MOST_A_SECOND)


def _tabs(tab: str, now: float) -> int:
    with _lock:
        _seen.pop(tab, None)
        _seen[tab] = now  # the last to ask stands last
        while (first := next(iter(_seen))) and _seen[first] < now - GONE_SECONDS:
            del _seen[first]
        return len(_seen)

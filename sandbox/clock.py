"""The sandbox's own time: real time plus offsets that the clock knob moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

HOUR = 3600
DAY = 24 * HOUR


class Clock:
    """Three hands: `now` for leases, cool-downs and life times, `proof_now` for signatures and payments.

    The third one, `block_now`, is for the chain's blocks and goes with the second one.

    They are moved apart so that a lease or an authorization can expire while honest clients still sign in.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self.lease_offset = 0.0
        self.proof_offset = 0.0
        self.block_offset = 0.0

    def now(self) -> float:
        return self._source() + self.lease_offset

    def proof_now(self) -> float:
        return self._source() + self.proof_offset

    def block_now(self) -> float:
        return self.proof_now() + self.block_offset


def iso(moment: float | None) -> str | None:
    """Unix seconds as UTC text with exactly three fractional digits and `Z`."""
    if moment is None:
        return None
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def parse_iso(text: str) -> float:
    """Unix seconds of an ISO-8601 text with an offset.

    Raises ValueError for text that is no moment or names no time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment.timestamp()

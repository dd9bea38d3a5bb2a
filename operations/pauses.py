"""How long it is until the next try. Pauses are spread, so that what failed together does not come back together."""

from __future__ import annotations

import random

#: Pauses before the second, third, … attempt. Afterwards it has failed.
RETRY_SECONDS = (1.0, 3.0, 10.0, 30.0)
#: Pauses before another worker takes over from one that vanished: the first may just have been restarted.
TAKEOVER_SECONDS = (0.0, 1.0, 5.0, 15.0)
#: Pauses between looks at what became of a change in doubt. Afterwards a person has to find out.
LOOK_SECONDS = (2.0, 5.0, 15.0, 60.0, 180.0)
#: The longest pause that a gateway can ask for: with the number of tries it bounds the whole.
MOST_ASKED_SECONDS = 300.0

#: What spreads. Tests put one that they know in its place.
chance = random.Random()  # noqa: S311 - only spreads load


def before_retry(attempts: int, *, asked: float | None = None) -> float | None:
    """Return the pause after so many attempts; None when there were enough. Never sooner than the gateway `asked`."""
    if not 1 <= attempts <= len(RETRY_SECONDS):
        return None
    own = vary(RETRY_SECONDS[attempts - 1])
    return max(own, min(asked or 0.0, MOST_ASKED_SECONDS) * chance.uniform(1.0, 1.1))


def before_takeover(attempts: int) -> float:
    """Return the pause after so many attempts that lost their worker."""
    return vary(TAKEOVER_SECONDS[min(max(attempts, 1), len(TAKEOVER_SECONDS)) - 1])


def before_look(looks: int) -> float | None:
    """Return the pause after so many looks; None when there were enough."""
    return vary(LOOK_SECONDS[looks]) if 0 <= looks < len(LOOK_SECONDS) else None


def vary(seconds: float) -> float:
    """Return about as much: three quarters to five quarters of it."""
    return seconds * chance.uniform(0.75, 1.25)

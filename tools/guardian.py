"""Ends a panel's processes when their supervisor is gone, however it went: a SIGKILL leaves it no time to.

    python -I -S tools/guardian.py LOCK PATIENCE

Standard input brings `+123` for a session to watch over and `-123` for one that ended. It closes with the supervisor:
then every session that is left is asked to stop and, when patience ends, killed. LOCK is held as long as this runs,
so that the next start on the same folder can wait for it. Knows nothing of the panel, to start at once and stay small.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterable

PAUSE = 0.05


def left_over(lines: Iterable[str]) -> list[int]:
    """Listen until the input closes, and return the sessions that nobody ended, in the order in which they came."""
    sessions: dict[int, None] = {}
    for line in lines:
        number = int(line[1:])
        if line[0] == "+":
            sessions[number] = None
        else:
            sessions.pop(number, None)
    return list(sessions)


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, PermissionError):  # gone; or gone, and the number somebody else's
        return False
    return True


def end(sessions: list[int], patience: float) -> None:
    """Ask the leaders, the last to come first; kill with all their children what has not gone in time."""
    for session in reversed(sessions):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(session, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while any(runs(session) for session in sessions) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    for session in sessions:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(session, signal.SIGKILL)


def main() -> None:
    lock, patience = sys.argv[1], float(sys.argv[2])
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # whoever ends the supervisor needs us for the rest
    with open(lock, "w") as held:  # noqa: PTH123 - pathlib would triple the time to start
        fcntl.flock(held, fcntl.LOCK_EX)
        print("ready", flush=True)
        end(left_over(sys.stdin), patience)


if __name__ == "__main__":
    main()

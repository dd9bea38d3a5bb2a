"""A stack's guardian from the supervisor's side; what it does stands in tools/guardian.py."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import sys
from pathlib import Path

from tools.layout import ROOT

PROGRAM = ROOT / "tools" / "guardian.py"
LOCK = "guardian.lock"


class Guardian:
    """A process that ends the sessions it was told of when this one is gone."""

    def __init__(self, folder: Path, patience: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROGRAM), str(folder / LOCK), str(patience)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what is sent to a terminal's processes does not end it
            text=True,
        )
        if self._process.stdout:
            self._process.stdout.readline()  # it listens

    def watch(self, session: int) -> None:
        self._tell(f"+{session}")

    def forget(self, session: int) -> None:
        self._tell(f"-{session}")

    def _tell(self, line: str) -> None:
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):  # somebody killed it; the panel runs on without
                self._process.stdin.write(f"{line}\n")
                self._process.stdin.flush()

    def leave(self) -> None:
        """Let it end: it has nothing left to watch over."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()


def wait_for_earlier(folder: Path) -> None:
    """Return when nothing runs any more of a start whose supervisor was killed."""
    path = folder / LOCK
    if not path.exists():
        return
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for what an earlier start left running ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)

"""Which processes are there, as the kernel tells. Needs no Django."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path


def members(session: int) -> list[int]:
    """Return the processes of a session that are left."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and os.getsid(int(folder.name)) == session:
                found.append(int(folder.name))
    return found


def alive(pids: Iterable[int]) -> list[int]:
    """Return those of the processes that are still there and no mere entry of one that ended."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            found += [pid] if state != "Z" else []
    return found

"""What running processes have used, from /proc: processor time and memory, children included."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")


def family(roots: Iterable[int]) -> set[int]:
    """Return the processes with all that descend from them."""
    parents = {}
    for folder in PROC.iterdir():
        with suppress(OSError, IndexError):
            if folder.name.isdigit():
                parents[int(folder.name)] = int(_stat(int(folder.name))[1])
    found = set(roots)
    while new := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= new
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """Return the processor time of the processes so far, with their children's that have ended."""
    total = 0
    for pid in family(roots):
        with suppress(OSError):
            total += sum(map(int, _stat(pid)[11:15]))
    return total / TICK


def pss_bytes(roots: Iterable[int]) -> int:
    """Return the memory of the processes; what several share counts once."""
    total = 0
    for pid in family(roots):
        with suppress(OSError):
            found = re.search(r"^Pss:\s+(\d+) kB", (PROC / f"{pid}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(found[1]) * 1024 if found else 0
    return total


def _stat(pid: int) -> list[str]:
    """Return the fields after the name: state, parent, …"""
    return (PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()

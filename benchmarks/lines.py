"""A line of 100,000 rows against one of 1,000: claims, pages and figures take turns (`benchmarks.backlog`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.rows import Row, timing
from tools.layout import ROOT

SHORT, LONG = 1000, 100_000
ROUNDS, WARM_UP = 40, 5
SLOWER = 1.2
Times = dict[str, list[float]]


def measure(folder: Path, where: str, settings: Mapping[int, Mapping[str, str]]) -> list[Row]:
    """Return one row for each thing. `settings` are those of the panel with so many rows."""
    with (
        panel(SHORT, folder / "short", settings[SHORT]) as short,
        panel(LONG, folder / "long", settings[LONG]) as long,
    ):
        few, many = Times(), Times()
        for number in range(WARM_UP + ROUNDS):
            for process, times in ((short, few), (long, many)):
                found = once(process)
                for name in found if number >= WARM_UP else ():
                    times.setdefault(name, []).append(found[name])
    return [
        timing("engine", f"100,000 in line, {where}: {name}", many[name], few[name], SLOWER) for name in few
    ]


@contextmanager
def panel(rows: int, folder: Path, settings: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a process with its own database, ready for rounds."""
    folder.mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PANEL_", "DJANGO_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.backlog", str(rows), str(folder)],
        cwd=ROOT,
        env={**kept, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if line(process) != "ready\n":
            raise SystemExit(f"The panel with {rows} rows could not be made.")
        yield process
    finally:
        process.kill()
        process.communicate()


def once(process: subprocess.Popen[str]) -> dict[str, float]:
    """Have it do everything once; return the seconds of each."""
    assert process.stdin is not None
    process.stdin.write("again\n")
    process.stdin.flush()
    found: dict[str, float] = json.loads(line(process))
    return found


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()

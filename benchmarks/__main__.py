"""`python -m benchmarks [target …]`: run them, keep their rows in results.json, print them.

Exit code 1 when a promise does not hold.

Each target runs in a process of its own, so that none inherits another's settings or caches. One that does not hold
is measured once more: other work on the machine spoils a run, a slow panel is slow twice.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys

from benchmarks.rows import Row, keep, table
from tools.layout import ROOT

TARGETS = ("clicks", "pages", "client", "outage", "engine")


def run(target: str) -> list[Row]:
    """Run one target and return its rows; its other words go to the terminal."""
    command = [sys.executable, "-m", f"benchmarks.{target}"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"The benchmark {target!r} could not be run.")
    return [Row(**json.loads(line)) for line in done.stdout.splitlines()]


def settled(target: str) -> list[Row]:
    """Return the rows of a run that holds, or of the second one."""
    rows = run(target)
    return rows if all(row.holds for row in rows) else run(target)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help="all of them unless named")
    targets = parser.parse_args().targets or TARGETS
    with contextlib.suppress(PermissionError):
        os.nice(-15)  # all that is measured goes before other work on the machine, where we may say so
    rows = [row for target in targets for row in settled(target)]
    keep(rows, targets)
    print(table(rows))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

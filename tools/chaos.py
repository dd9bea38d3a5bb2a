"""`make chaos`: people click while workers, broker, database and gateway die; afterwards nothing is lost or repeated.

On SQLite with the filesystem broker, and on a private PostgreSQL and Redis (tools/services). The run itself is
tests/chaos. Its last line, for each backend:

    chaos: 200 operations, 57 kills, 0 lost, 0 repeated, 0 overspent
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
from collections.abc import Sequence

from tools import services
from tools.layout import ROOT

BACKENDS = ("sqlite", "postgres", "both")


def arguments(choices: Sequence[str] = BACKENDS) -> argparse.ArgumentParser:
    """Return what the command line and each run understand."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of a run to repeat")
    parser.add_argument("--operations", type=int, default=200, help="how many people ask for at least")
    parser.add_argument("--backend", choices=choices, default=choices[-1])
    parser.add_argument("--seconds", type=float, default=900.0, help="how long people click at most")
    parser.add_argument(
        "--short", action="store_true", help="no trouble that takes long, and no waiting for leases"
    )
    return parser


def main() -> int:
    options = arguments().parse_args()
    chosen = BACKENDS[:2] if options.backend == "both" else (options.backend,)
    if "postgres" in chosen and (missing := services.missing()):
        print(f"chaos: {missing}", file=sys.stderr)
        return 1
    return max([run(backend, options) for backend in chosen])


def run(backend: str, options: argparse.Namespace) -> int:
    """Run one backend in a process of its own: Django is set up for one database."""
    command = [sys.executable, "-m", "tests.chaos", "--backend", backend, "--seed", str(options.seed)]
    command += ["--operations", str(options.operations), "--seconds", str(options.seconds)]
    command += ["--short"] if options.short else []
    return 0 if subprocess.run(command, cwd=ROOT, check=False).returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

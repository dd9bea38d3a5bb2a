"""`make test`: every test, with what this machine offers. Pytest's closing line comes last.

The tests run on SQLite, the main paths through the running panel among them: one of two processes draws those
(tests/rooms), so that one stack serves them, while the other runs the rest; `make rooms` walks every path. Where
PostgreSQL is reachable, the tests of the rooms with locks, leases and money run there first, their workers on Redis
where that is reachable too; what fails there is told again before the closing line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tools import functions, machine
from tools.layout import ROOT

NOTHING_COLLECTED = 5
#: The variable that tells the next run of one that failed (tests/earlier.py).
FAILED_BEFORE = "TESTS_FAILED_BEFORE"
#: Has the browser walk the main paths alone (tests/rooms/conftest.py).
MAIN_PATHS = "ROOMS_MAIN_PATHS"
BROWSER = ["--screenshot", "only-on-failure", "--output", "test-results"]


def install_chromium() -> None:
    """By apt, when we may and it is missing; without any the browser tests skip and say why."""
    if shutil.which(machine.HEADLESS_SHELL) or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print("Installing Chromium for the browser tests ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for package in (machine.HEADLESS_SHELL, "chromium"):
        commands = (["update"], ["install", "--yes", "--no-install-recommends", package])
        if all(_apt(quiet, *command) for command in commands) or machine.CHROMIUM.is_there():
            return
    print("apt-get could not install Chromium: the browser tests will be skipped.", flush=True)


def _apt(environment: dict[str, str], *arguments: str) -> bool:
    command = ["apt-get", "-qq", *arguments]
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0


def pytest(*arguments: str, **environment: str) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode


def on_postgres() -> int:
    if not machine.POSTGRES.is_there():
        print(f"Not on PostgreSQL as well: {machine.POSTGRES.missing}.", flush=True)
        return 0
    print("On PostgreSQL:", flush=True)
    # One process more than for the rest: much of this is waiting for workers.
    code = pytest("-n", "3", "-m", "postgres", "-q", PANEL_TEST_DATABASE_URL=machine.POSTGRES_URL)
    return 0 if code == NOTHING_COLLECTED else code


def main() -> int:
    install_chromium()
    functions.set_up()
    if sys.argv[1:]:
        return pytest(*BROWSER, *sys.argv[1:])
    postgres = on_postgres()
    print("On SQLite:" if machine.POSTGRES.is_there() else "", flush=True)
    before = {FAILED_BEFORE: f"pytest on PostgreSQL ended with exit code {postgres}"} if postgres else {}
    return pytest("-n", "2", "--dist", "loadgroup", *BROWSER, **before, **{MAIN_PATHS: "yes"}) or postgres


if __name__ == "__main__":
    sys.exit(main())

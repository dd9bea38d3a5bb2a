"""Real worker processes on the test's own database."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection
from django.utils import timezone

from operations.models import Operation, State
from tools import machine
from tools.layout import ROOT

PATIENCE_SECONDS = 120.0  # spent by what fails alone
DOUBLES = "tests.operations.doubles"
#: Databases of the tests' Redis that engine tests use; the one its URL names is for others.
REDIS_NUMBERS = (10, 11, 12, 13)


def environment(data: Path) -> dict[str, str]:
    """Return what a process needs to work on this test's database, with a broker of its own in `data`."""
    name, values = str(connection.settings_dict["NAME"]), connection.settings_dict
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PANEL_", "DJANGO_"))}
    own = {"PANEL_ENV": "test", "PANEL_DATA": str(data), "DJANGO_SETTINGS_MODULE": "run402_panel.settings"}
    if connection.vendor == "postgresql":
        login = f"{values['USER']}:{values['PASSWORD']}" if values["PASSWORD"] else values["USER"]
        own["PANEL_DATABASE_URL"] = f"postgresql://{login}@{values['HOST']}:{values['PORT'] or 5432}/{name}"
        own["PANEL_BROKER_URL"] = broker_url()
    elif not (data / "panel.sqlite3").exists():
        (data / "panel.sqlite3").symlink_to(name)
    return {**kept, **own}


def broker_url() -> str:
    """Return the broker of a test's processes: Redis beside PostgreSQL, with a number for each pytest process."""
    if connection.vendor != "postgresql" or not machine.REDIS.is_there():
        return "filesystem://"
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % len(REDIS_NUMBERS)
    return urlsplit(machine.REDIS_URL)._replace(path=f"/{REDIS_NUMBERS[number]}").geturl()


@contextlib.contextmanager
def worker(
    data: Path, *options: str, settings: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Celery worker with the test's kinds; killed at the end with all its children."""
    command = [sys.executable, "-m", "celery", "-A", "run402_panel", "worker", "--include", DOUBLES]
    command += [
        "--concurrency",
        "2",
        "--queues",
        "interactive,deploys,sync",
        "--loglevel",
        "warning",
        *options,
    ]
    with (data / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment(data), **(settings or {})},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        kill(process)


@contextlib.contextmanager
def drains(data: Path, count: int, queue: str = "interactive") -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run processes that take rows of the queue until nothing is left, all starting at the same moment."""
    code = (
        "import django, sys, pathlib; django.setup()\n"
        f"import {DOUBLES}\n"
        "from operations import runner\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        f"print(runner.run_due({queue!r}))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=environment(data),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(count)
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def run_to_the_end(started: list[subprocess.Popen[bytes]]) -> list[int]:
    """Let the drains go, and return how many rows each has run."""
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    return [int(process.communicate(timeout=PATIENCE_SECONDS)[0]) for process in started]


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children at once, as a power cut does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def expire_leases() -> None:
    """Let the leases of everything that runs be over, as if their time had passed."""
    running = Operation.objects.filter(state=State.RUNNING)
    running.update(lease_until=timezone.now() - timedelta(seconds=1))


def eventually(true: Callable[[], object], what: str) -> None:
    """Wait until it is true; fail with `what` after two minutes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s: {what}"
        time.sleep(0.02)

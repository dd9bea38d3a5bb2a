"""Every keyset is rotated while processes read and write: no wallet may be unreadable at any instant.

    run(1000)       the number of failures, with a line of figures on standard output

A database and keysets of their own in a folder that goes afterwards. Two processes with a worker's environment open
random wallets, limits and service keys all the time, one more makes wallets and keeps answers, one with web's
environment seals keys on their way in and reads the answers. Meanwhile `manage.py keysets_rotate all` runs, as an
operator would run it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.layout import ROOT, Layout
from wallets import keysets

GRACE_SECONDS = 8.0
PATIENCE_SECONDS = 120.0
ROTATED = ("vault", "policy", "results")


def run(wallets: int = 1000) -> int:
    """Rotate under load and return how many things went wrong; each is printed."""
    with tempfile.TemporaryDirectory(prefix="run402-panel-rotation-") as folder:
        layout = Layout(Path(folder) / "data", 8000, 8402, {"PANEL_LOG_LEVEL": "ERROR"})
        layout.make_folders()
        keysets.create(layout.keys)
        failures, figures = _rotate(layout, wallets)
    for failure in failures:
        _say(f"rotation: {failure}")
    _say(f"rotation: {figures}, {len(failures)} failures")
    return len(failures)


def _rotate(layout: Layout, wallets: int) -> tuple[list[str], str]:
    _call(layout, "prepare", str(wallets))
    roles = {"reader-1": "worker", "reader-2": "worker", "maker": "worker", "sealer": "web"}
    playing = {role: _start(layout, process, role) for role, process in roles.items()}
    try:
        started = time.monotonic()
        rotated = _manage(
            layout, "keysets_rotate", "all", "--grace", str(GRACE_SECONDS), "--keyset", *ROTATED
        )
        seconds = time.monotonic() - started
    finally:
        (layout.data / "stop").touch()
        told = {role: _told(process) for role, process in playing.items()}
    failures = (
        [] if rotated.returncode == 0 else [f"keysets_rotate: {(rotated.stdout + rotated.stderr)[-1500:]}"]
    )
    failures += [f"{role}: {words}" for role, said in told.items() for words in said["failures"]]
    failures += json.loads(_call(layout, "verify").splitlines()[-1])
    opened = sum(told[role]["done"] for role in ("reader-1", "reader-2"))
    made = told["maker"]["done"] + told["sealer"]["done"]
    slowest = max(said["slowest"] for said in told.values())
    figures = f"{wallets} wallets, rotated in {seconds:.1f} s, {opened} openings, {made} sealed meanwhile"
    return failures + _idle(told), f"{figures}, slowest {slowest * 1000:.0f} ms"


def _idle(told: dict[str, Any]) -> list[str]:
    return [f"{role} did nothing" for role, said in told.items() if not said["done"]]


# --- processes ---


def _environment(layout: Layout, process: str) -> dict[str, str]:
    return {**layout.environment(process), "DJANGO_SETTINGS_MODULE": "run402_panel.settings"}


def _command(role: str, *rest: str) -> list[str]:
    return [sys.executable, "-m", "tests.security.rotation", role, *rest]


def _call(layout: Layout, role: str, *rest: str) -> str:
    done = subprocess.run(
        _command(role, *rest),
        cwd=ROOT,
        env=_environment(layout, "worker"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{role}: {done.stderr[-2000:]}")
    return done.stdout


def _manage(layout: Layout, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *words, "--folder", str(layout.keys)]
    environment = _environment(layout, "worker")
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def _start(layout: Layout, process: str, role: str) -> subprocess.Popen[str]:
    """Start a role and return when it has begun."""
    started = subprocess.Popen(
        _command(role),
        cwd=ROOT,
        env=_environment(layout, process),
        stdout=subprocess.PIPE,
        stderr=None,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "begun\n"
    return started


def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a role says at its end."""
    try:
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        told: dict[str, Any] = json.loads(said.splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError):
        process.kill()
        return {"done": 0, "slowest": 0.0, "failures": ["said nothing at its end"]}
    return told


# --- what each process does ---


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("role")
    parser.add_argument("rest", nargs="*")
    arguments = parser.parse_args()
    if arguments.role.isdecimal():
        sys.exit(min(run(int(arguments.role)), 1))
    import django

    django.setup()
    from tests.security import rotation_roles as roles

    match arguments.role:
        case "prepare":
            roles.prepare(int(arguments.rest[0]))
        case "verify":
            roles.verify()
        case "maker":
            _until_stopped(roles.make)
        case "sealer":
            _until_stopped(roles.seal)
        case reader:
            _until_stopped(roles.reader(reader))


def _until_stopped(step: Callable[[], object]) -> None:
    stop, done, slowest, failures = Path(os.environ["PANEL_DATA"]) / "stop", 0, 0.0, []
    _say("begun")
    while not stop.exists():
        begun = time.monotonic()
        try:
            step()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is a finding
            failures.append(f"{type(error).__name__}: {error}")
        done, slowest = done + 1, max(slowest, time.monotonic() - begun)
    _say(json.dumps({"done": done, "slowest": slowest, "failures": failures[:20]}))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()

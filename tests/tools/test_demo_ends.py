"""How a running demo ends: by Ctrl-C, by a kill that leaves it no time, with the make that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.guard import wait_for_earlier
from tools.layout import ROOT
from tools.ports import free_ports, is_free

pytestmark = pytest.mark.slow

DEMO = (sys.executable, "-m", "tools.demo")
#: A caller as make is one: it starts the demo and waits for it.
CALLER = ("/bin/sh", "-c", '"$@" --until-parent-ends; exit 0', "caller", *DEMO)


@dataclass
class Demo:
    """A demo that is ready, on ports of its own; `process` is who was started, `said` its lines so far."""

    process: subprocess.Popen[str]
    data: Path
    ports: list[int]
    said: list[str]

    def processes(self) -> set[str]:
        """Which of its programs run, whoever their parent is."""
        marks = (str(self.data), f"127.0.0.1:{self.ports[0]}")
        lines = [line for line in _command_lines() if any(mark in line for mark in marks)]
        names = ("sandbox", "gunicorn", "celery", "tools.demo", "guardian.py")
        return {name for name in names for line in lines if f" {name}" in line or f"/{name}" in line}

    def listen(self) -> None:
        """Take in everything it says until it is gone."""
        assert self.process.stdout is not None
        self.said += [line.strip() for line in self.process.stdout if line.strip()]


def _command_lines() -> list[str]:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            lines.append(path.read_text(errors="replace").replace("\0", " "))
    return lines


@contextlib.contextmanager
def running(folder: Path, *command: str) -> Iterator[Demo]:
    ports = free_ports(2)
    variables = {"PANEL_PORT": str(ports[0]), "SANDBOX_PORT": str(ports[1])}
    with subprocess.Popen(
        [*command, "--data", str(folder)],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line.strip())
            if "Ctrl-C stops it" in line:
                break
        yield Demo(process, folder, ports, said)


def test_the_demo_stops_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    with running(tmp_path, *DEMO) as demo:
        demo.process.send_signal(signal.SIGINT)
        demo.listen()
    assert demo.process.returncode == 0
    assert demo.said[-1] == "Stopped. The data is kept."
    assert f"Open        http://localhost:{demo.ports[0]}" in demo.said
    assert (demo.processes(), [is_free(port) for port in demo.ports]) == (set(), [True, True])


def test_nothing_outlives_a_demo_that_was_killed(tmp_path: Path) -> None:
    with running(tmp_path, *DEMO) as demo:
        assert demo.processes() == {"sandbox", "gunicorn", "celery", "tools.demo", "guardian.py"}
        demo.process.kill()
        demo.listen()
    wait_for_earlier(tmp_path)
    left = demo.processes() - {"guardian.py"}  # which may have its last moment, after it let go of its lock
    assert (left, [is_free(port) for port in demo.ports]) == (set(), [True, True])


def test_the_demo_stops_when_the_make_that_started_it_was_killed(tmp_path: Path) -> None:
    with running(tmp_path, *CALLER) as demo:
        demo.process.kill()
        demo.listen()
    assert demo.said[-1] == "Stopped. The data is kept."
    assert [is_free(port) for port in demo.ports] == [True, True]

"""The panel as it ships, its worker also knowing how to do nothing (`benchmarks.nothing`)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.layout import ROOT, Layout
from tools.ports import free_ports
from tools.stack import Stack


class IdleLayout(Layout):
    """The layout of one machine, web with the pages that others are compared with."""

    def commands(self) -> dict[str, list[str]]:
        commands = super().commands()
        commands["worker"] += ["--include", "benchmarks.nothing"]
        return commands

    def environment(self, process: str) -> dict[str, str]:
        found = super().environment(process)
        return {**found, "DJANGO_SETTINGS_MODULE": "benchmarks.settings"} if process == "web" else found


@contextmanager
def running(folder: Path, settings: Mapping[str, str]) -> Iterator[Stack]:
    """Run web, worker and sandbox in a new folder."""
    folder.mkdir(parents=True)
    panel, sandbox = free_ports(2)
    layout = IdleLayout(folder.resolve(), panel, sandbox, {"PANEL_LOG_LEVEL": "WARNING", **settings})
    stack = Stack(layout, patience=2)
    try:
        stack.prepare()
        for name in stack.layout.commands():
            stack.restart(name)
        stack.wait_until_ready()
        yield stack
    finally:
        stack.stop()


class Driver:
    """A process in web's environment that asks for work (`benchmarks.driver`)."""

    def __init__(self, stack: Stack) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "import benchmarks.driver as driver; driver.main()"],
            cwd=ROOT,
            env=stack.layout.environment("web"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def order(self, word: str, number: int = 1) -> float:
        """Have it done; return the seconds it took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word} {number}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.communicate()

"""Start, watch and stop the whole panel: sandbox, web and worker as real processes.

    with Stack.start(tmp_path) as stack:
        stack.url, stack.sandbox_url, stack.owner
        stack.kill("worker")
        stack.restart("worker")

Used by demo, smoke run, browser tests and benchmarks. Each process is a session of its own, so
that Ctrl-C in a terminal reaches the supervisor only, which then stops them in order. Should the
supervisor be killed, its guardian stops them (tools/guardian.py).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.guard import Guardian
from tools.layout import ROOT, Layout
from tools.ports import free_ports, is_free

OWNER_EMAIL = "owner@example.com"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
STOP_ORDER = ("web", "worker", "sandbox")
#: The exit code of a worker that was alive and took nothing (operations/watch/deaf.py).
DEAF = 75


class StackError(Exception):
    """Why the panel could not start or went down, in a sentence; `log` is the tail of the process's log."""

    def __init__(self, sentence: str, log: str = "") -> None:
        super().__init__(sentence)
        self.log = log
        if log:
            self.add_note(log)


@dataclass(frozen=True)
class Owner:
    email: str
    password: str


class Stack:
    """The processes of one data folder. `owner` is None when there was one before: the password is theirs."""

    def __init__(self, layout: Layout, *, patience: float = STOP_SECONDS) -> None:
        self.layout = layout
        self.patience = patience
        self.owner: Owner | None = None
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._guardian: Guardian | None = None

    @classmethod
    def start(
        cls,
        data: Path,
        *,
        panel_port: int | None = None,
        sandbox_port: int | None = None,
        settings: Mapping[str, str] | None = None,
        patience: float = STOP_SECONDS,
    ) -> Self:
        """Prepare `data`, start everything, return when all of it answers. Free ports unless given.

        `patience` is how many seconds `stop` waits before it kills: little where the data is thrown away.
        """
        free = free_ports(2)
        layout = Layout(data.resolve(), panel_port or free[0], sandbox_port or free[1], settings or {})
        stack = cls(layout, patience=patience)
        stack.check_ports()
        try:
            stack.prepare()
            for name in layout.commands():
                stack.restart(name)
            stack.wait_until_ready()
        except BaseException:  # Ctrl-C too: nothing that was started may stay behind
            stack.stop()
            raise
        return stack

    @property
    def url(self) -> str:
        return self.layout.url

    @property
    def sandbox_url(self) -> str:
        return self.layout.sandbox_url

    @property
    def logs(self) -> Path:
        return self.layout.logs

    def check_ports(self) -> None:
        taken = {"PANEL_PORT": self.layout.panel_port, "SANDBOX_PORT": self.layout.sandbox_port}
        for variable, port in taken.items():
            if not is_free(port):
                raise StackError(f"Port {port} is taken by another program: set {variable} to a free one.")

    def prepare(self) -> None:
        """Folders, keys, migrations and, on an empty database, the first owner."""
        self.layout.make_folders()
        for name in self.layout.commands():
            (self.logs / f"{name}.log").unlink(missing_ok=True)
        command = [sys.executable, "-m", "tools.prepare", "--email", OWNER_EMAIL]
        environment = self.layout.environment("prepare")
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StackError(
                "The database or the keys could not be prepared.", (done.stdout + done.stderr)[-4000:]
            )
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                self.owner = Owner(**json.loads(line))

    def restart(self, name: str) -> None:
        """Start one process, after killing it if it runs. Its log goes on in the same file."""
        self.kill(name)
        if self._guardian is None:
            self._guardian = Guardian(self.layout.data, self.patience)
        with (self.logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                self.layout.commands()[name],
                cwd=ROOT,
                env=self.layout.environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._guardian.watch(self._running[name].pid)

    def kill(self, name: str) -> None:
        """Kill one process and its children at once, as a crash or a power cut would."""
        process = self._running.pop(name, None)
        if process is not None:
            self._end(process)

    def stop(self) -> None:
        """Ask all to stop; kill what has not when patience ends. Nothing of them is left when this returns."""
        for name in STOP_ORDER:
            if name in self._running:
                self._running[name].terminate()
        deadline = time.monotonic() + self.patience
        for name in STOP_ORDER:
            process = self._running.pop(name, None)
            if process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, deadline - time.monotonic()))
                self._end(process)
        if self._guardian is not None:
            self._guardian.leave()
            self._guardian = None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the process's whole session: a pool's children outlive a parent that was killed."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if self._guardian is not None:
            self._guardian.forget(process.pid)

    def process_id(self, name: str) -> int:
        return self._running[name].pid

    def died(self) -> tuple[str, int] | None:
        """The first process found dead and its exit code, or None while all run."""
        for name, process in self._running.items():
            code = process.poll()
            if code is not None:
                return name, code
        return None

    def revive(self) -> bool:
        """Start the worker again if it ended because it heard nothing any more; say whether that was so."""
        deaf = self.died() == ("worker", DEAF)
        if deaf:
            self.restart("worker")
        return deaf

    def log_tail(self, name: str, lines: int = 40) -> str:
        path = self.logs / f"{name}.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def wait_until_ready(self) -> None:
        """Wait until web, sandbox and worker answer; StackError when one dies or says nothing in time."""
        wanted = [
            ("web", self.layout.panel_port, "/livez", f"localhost:{self.layout.panel_port}"),
            ("sandbox", self.layout.sandbox_port, "/health", f"sandbox.localhost:{self.layout.sandbox_port}"),
            ("worker", self.layout.panel_port, "/readyz?worker=1", f"localhost:{self.layout.panel_port}"),
        ]
        deadline = time.monotonic() + START_SECONDS
        while wanted:
            wanted = [one for one in wanted if not _answers(*one[1:])]
            self.raise_if_died()
            if wanted and time.monotonic() > deadline:
                name = wanted[0][0]
                raise StackError(f"{name} did not answer within {START_SECONDS:.0f} s.", self.log_tail(name))
            time.sleep(0.05)

    def raise_if_died(self) -> None:
        dead = self.died()
        if dead is not None:
            name, code = dead
            raise StackError(f"{name} stopped with exit code {code}.", self.log_tail(name))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def stop_on_signals() -> None:
    """Let a closed terminal or a polite kill do what Ctrl-C does: leave through `stop`, with nothing left behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def _answers(port: int, path: str, host: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

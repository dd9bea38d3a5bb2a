"""The processes of a run: a sandbox and two workers, each restarted when it is dead, as a supervisor would."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.sessions import members
from tools.guard import Guardian
from tools.layout import ROOT, Layout
from tools.ports import free_ports
from tools.services import Services
from tools.stack import OWNER_EMAIL

WORKERS = ("one", "two")
SANDBOX = "sandbox"
#: How often the keeper looks: so long the children of a worker that was killed go on alone.
LOOK_SECONDS = 0.2
#: A deploy's phases are short, and a payment that is never answered can be looked up soon.
SANDBOX_SETTINGS = {"SANDBOX_PHASE_MS": "40", "SANDBOX_PAYMENT_SECONDS": "25"}
PANEL_SETTINGS = {"PANEL_LOG_LEVEL": "INFO", "PANEL_GATEWAY_RATE": "100"}


@dataclass
class Ground:
    """What runs, and how it is ended. `held` names what the keeper may not restart now."""

    layout: Layout
    services: Services | None
    guardian: Guardian
    kills: int = 0
    held: set[str] = field(default_factory=set)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def environment(self) -> dict[str, str]:
        """Return web's environment: whoever clicks has no more than that."""
        own = self.layout.environment("web")
        return {name: value for name, value in own.items() if name.startswith("PANEL_")}

    def prepare(self) -> None:
        """Make keys, tables and the first owner."""
        command = [sys.executable, "-m", "tools.prepare", "--email", OWNER_EMAIL]
        environment = self.layout.environment("prepare")
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the panel could not be prepared:\n{done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start everything, and the keeper."""
        for name in (SANDBOX, *WORKERS):
            self._start(name)
        threading.Thread(target=self._keep, name="keeper", daemon=True).start()

    def stop(self) -> None:
        """Kill everything."""
        self._over.set()
        with self._lock:
            for process in self._running.values():
                self._end(process)
            self._running.clear()
        self.guardian.leave()

    def session(self, name: str) -> list[int]:
        """Return the process numbers of a worker or of the sandbox, its first one first; none when it is dead."""
        with self._lock:
            process = self._running.get(name)
            if process is None or process.poll() is not None:
                return []
            return sorted(members(process.pid), key=lambda number: (number != process.pid, number))

    def kill(self, number: int) -> None:
        """Kill one process as the kernel does when memory is out."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
            self.kills += 1

    def kill_all(self, name: str) -> None:
        """Kill a process with its children at the same moment; of the panel's own it counts as one kill."""
        with self._lock:
            if process := self._running.get(name):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                    self.kills += name in WORKERS

    def _start(self, name: str) -> None:
        with (self.layout.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                self._command(name),
                cwd=ROOT,
                env={
                    **self.layout.environment("sandbox" if name == SANDBOX else "worker"),
                    **SANDBOX_SETTINGS,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[name] = process
        self.guardian.watch(process.pid)

    def _command(self, name: str) -> list[str]:
        """Return a process's command; the second worker is the first one's without a beat."""
        if name == SANDBOX:
            return self.layout.commands()[SANDBOX]
        command = [*self.layout.commands()["worker"], "--hostname", f"{name}@chaos"]
        if name != WORKERS[0]:
            at = command.index("--beat")
            command[at : at + 3] = []
        return command

    def _keep(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            with self._lock:
                for name, process in list(self._running.items()):
                    if process.poll() is not None and name not in self.held and not self._over.is_set():
                        self._end(process)
                        self._start(name)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill what is left of a session: a pool's children outlive a parent that was killed."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.guardian.forget(process.pid)

    def log_tail(self, name: str, lines: int = 40) -> str:
        path = self.layout.logs / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


@contextlib.contextmanager
def prepared(folder: Path, backend: str) -> Iterator[Ground]:
    """Make a ground in `folder` whose database and keys are ready, nothing started yet; end everything at the end."""
    with contextlib.ExitStack() as stack:
        services = stack.enter_context(Services.started(folder)) if backend == "postgres" else None
        layout = _layout(folder / "data", services.settings if services else {})
        ground = Ground(layout, services, Guardian(layout.data, 1))
        stack.callback(ground.stop)
        ground.prepare()
        yield ground


def _layout(data: Path, settings: Mapping[str, str]) -> Layout:
    panel, sandbox = free_ports(2)
    layout = Layout(data, panel, sandbox, {**PANEL_SETTINGS, **settings})
    layout.make_folders()
    return layout


def eventually(true: Callable[[], bool], seconds: float) -> bool:
    """Wait until it is true; say whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True

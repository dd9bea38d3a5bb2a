"""What PostgreSQL and Redis have in common: a process in a session of its own, with a log and a guardian."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import stat
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from tools.guard import Guardian
from tools.ports import free_ports

START_SECONDS = 30.0
STOP_SECONDS = 10.0


class ServiceError(Exception):
    """Why a service does not run, in a sentence with the end of its log."""


class NotInstalled(ServiceError):
    """The program is not on this machine; the sentence says how to get it."""


class Service(ABC):
    """One server: `command` starts it in the foreground, `answers` says whether it can be used."""

    name = "service"
    #: How a polite stop is asked for.
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, guardian: Guardian) -> None:
        self.require()
        self.folder = folder
        self.port = free_ports(1)[0]
        self._guardian = guardian
        self._process: subprocess.Popen[bytes] | None = None
        make_folder(folder)

    @classmethod
    @abstractmethod
    def require(cls) -> None:
        """Raise NotInstalled when the program is not here."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return what runs the server until it is asked to stop."""

    @abstractmethod
    def answers(self) -> bool:
        """Say whether a client gets an answer."""

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it unless it runs, and return when it answers."""
        if not self.runs:
            with (self.folder / "log").open("ab") as log:
                self._process = run_as_other(self.command(), log.fileno(), self.folder)
            self._guardian.watch(self._process.pid)
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self.runs or time.monotonic() > deadline:
                raise ServiceError(f"{self.name} did not start:\n{self.log_tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask it to stop, and kill it when it takes too long."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill it with all its children at once, as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            for number in (process.pid, *children(process.pid)):  # PostgreSQL's make groups of their own
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            process.wait()
            self._guardian.forget(process.pid)

    def restart(self) -> None:
        self.stop()
        self.start()

    def log_tail(self, lines: int = 20) -> str:
        path = self.folder / "log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


def run_as_other(command: list[str], output: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, as another user when we are root: PostgreSQL refuses root."""
    account = other_account()
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        env=environment(),
    )


def environment() -> Mapping[str, str]:
    """Return the caller's environment without what would lead a PostgreSQL program to another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def other_account() -> pwd.struct_passwd | None:
    """Return whom servers run as: None for ourselves, unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceError("PostgreSQL does not run as root, and there is no user postgres or nobody here.")


def make_folder(folder: Path) -> None:
    """Make a folder that its server may write, and let that user pass through the scratch folders above it."""
    folder.mkdir(mode=0o700)
    account = other_account()
    if account is None:
        return
    os.chown(folder, account.pw_uid, account.pw_gid)
    for above in folder.parents:
        mode = above.stat().st_mode
        if mode & stat.S_IXOTH:
            continue
        if not above.is_relative_to(tempfile.gettempdir()):
            raise ServiceError(f"The user {account.pw_name} may not enter {above}: choose a folder in /tmp.")
        above.chmod(mode | stat.S_IXOTH)


def children(process: int) -> list[int]:
    """Return the processes that this one started and that are left."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(") ")[2].split()[1]
            if int(parent) == process:
                found.append(int(folder.name))
    return found

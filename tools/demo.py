"""`make demo`: the panel with a local sandbox, until Ctrl-C. `make demo-reset` forgets its data."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tools.guard import wait_for_earlier
from tools.layout import ROOT, Layout
from tools.stack import OWNER_EMAIL, Owner, Stack, StackError, stop_on_signals

PANEL_PORT, SANDBOX_PORT = 8000, 8402
LOCK = "demo.lock"
MARK = "keys/secret-key"  # what makes a folder one of ours


class DemoError(Exception):
    """One sentence for the person at the terminal."""


def port(variable: str, default: int) -> int:
    text = os.environ.get(variable, str(default))
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise DemoError(f"{variable} must be a port number between 1 and 65535, not {text!r}.")
    return int(text)


def own_settings() -> dict[str, str]:
    """PANEL_ settings from the caller's environment; keys of the vault are the demo's own."""
    ours = {name: value for name, value in os.environ.items() if name.startswith("PANEL_")}
    return {
        name: value for name, value in ours.items() if "KEYSET" not in name and name != "PANEL_SECRET_KEY"
    }


@contextlib.contextmanager
def sole_user(data: Path) -> Iterator[None]:
    """Hold the data folder's lock; the system frees it when this process ends, however it ends."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise DemoError(
                f"The demo on {data} is running (process {lock.read().strip()}): stop it first with Ctrl-C."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        wait_for_earlier(data)
        yield


def welcome(stack: Stack) -> str:
    owner = stack.owner
    lines = [
        "",
        "  Run402 Panel is ready",
        "",
        f"  Open        {stack.url}",
        f"  E-mail      {owner.email if owner else OWNER_EMAIL}",
        f"  Password    {_password(owner)}",
        f"  Sandbox     {stack.sandbox_url}   (test money only)",
        f"  Logs        {stack.logs}",
        "",
        "  Ctrl-C stops it and keeps the data; make demo-reset forgets the data.",
        "",
    ]
    return "\n".join(lines)


def _password(owner: Owner | None) -> str:
    if owner is None:
        return "as before   (shown at the first start; lost? make demo-reset)"
    return f"{owner.password}   (shown only now)"


def run(data: Path, parent: int | None) -> None:
    """Start everything and stay until a signal or the parent's end, or until a process dies (StackError)."""
    ports = {"panel_port": port("PANEL_PORT", PANEL_PORT), "sandbox_port": port("SANDBOX_PORT", SANDBOX_PORT)}
    with sole_user(data), contextlib.suppress(KeyboardInterrupt):
        stop_on_signals()
        print("Starting Run402 Panel ...", flush=True)
        with Stack.start(data, settings=own_settings(), **ports) as stack:
            print(welcome(stack), flush=True)
            try:
                while parent in (None, os.getppid()):
                    if stack.revive():
                        print("The worker took nothing any more and was started again.", flush=True)
                    stack.raise_if_died()
                    time.sleep(0.3)
            finally:
                _stop_calmly()
    print("Stopped. The data is kept.", flush=True)


def _stop_calmly() -> None:
    """A second Ctrl-C must not leave half of the processes behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    print("\nStopping ...", flush=True)


def reset(data: Path) -> None:
    if not data.exists():
        print(f"Nothing to forget: {data} does not exist.")
        return
    if not (data / MARK).exists() and any(path.name != LOCK for path in data.iterdir()):
        raise DemoError(f"{data} is not a demo's data folder: nothing was removed.")
    with sole_user(data):
        shutil.rmtree(data)
    print(f"Removed {data}: wallets, projects, people and the sandbox's state.")


def shell(data: Path) -> int:
    """Django's shell with web's environment: it can lock, and cannot unlock."""
    if not (data / MARK).exists():
        raise DemoError("There is no demo data yet: run make demo first.")
    layout = Layout(data, port("PANEL_PORT", PANEL_PORT), port("SANDBOX_PORT", SANDBOX_PORT), own_settings())
    command = [sys.executable, "manage.py", "shell"]
    return subprocess.run(command, cwd=ROOT, env=layout.environment("web"), check=False).returncode


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".data", help="data folder (default: .data)")
    parser.add_argument(
        "--until-parent-ends", action="store_true", help="stop when the caller is gone (make)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--reset", action="store_true", help="forget the data")
    what.add_argument("--shell", action="store_true", help="open a Django shell on the data")
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    parent = os.getppid() if arguments.until_parent_ends else None
    data = arguments.data.resolve()
    try:
        if arguments.shell:
            return shell(data)
        reset(data) if arguments.reset else run(data, parent)
    except (DemoError, StackError) as error:
        log = getattr(error, "log", "")
        print(f"{log}\n\n{error}" if log else str(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One call in one Node process: its files, its limits, its log, its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess  # nosec B404 - running functions is what this module is for
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.functions.node import Node

RUNNER = Path(__file__).with_name("runner.mjs")
MOST_LINES = 1000
LONGEST_LINE = 8192


@dataclass(frozen=True)
class Job:
    """What to run. `files` are the code by relative path, `request` is as the runner reads it."""

    files: Mapping[str, bytes]
    entrypoint: str
    request: Mapping[str, Any]
    environment: Mapping[str, str] = field(repr=False)
    timeout_seconds: int
    memory_mb: int
    packages: Path | None = None
    may_be_typescript: bool = False


@dataclass(frozen=True)
class Outcome:
    """Either `response` {status, headers, body} or a `failure` with its message; `lines` is the log with times."""

    response: Mapping[str, Any] | None = None
    failure: str | None = None
    message: str = ""
    lines: tuple[tuple[float, str], ...] = ()


class Children:
    """The processes that run now, so that none outlives the sandbox."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()

    def add(self, group: int) -> None:
        with self._lock:
            self._groups.add(group)

    def stop(self, group: int) -> None:
        """Kill one with everything it started; not twice, since its number may be another's by then."""
        with self._lock:
            if group in self._groups:
                self._groups.discard(group)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)

    def stop_all(self) -> None:
        for group in tuple(self._groups):
            self.stop(group)


def run(node: Node, job: Job, children: Children) -> Outcome:
    """Blocks until the function answered, failed, or was stopped."""
    with tempfile.TemporaryDirectory(prefix="sandbox-function-", ignore_cleanup_errors=True) as folder:
        scratch, outcome = Path(folder) / "code", Path(folder) / "outcome.json"
        _write(scratch, job)
        lines: list[tuple[float, str]] = []
        status = _execute(node, job, children, scratch, outcome, lines)
        if status is None:
            return Outcome(failure="timeout", lines=tuple(lines))
        return _read(outcome, status, tuple(lines))


def _write(scratch: Path, job: Job) -> None:
    scratch.mkdir()
    for name, content in job.files.items():
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if "package.json" not in job.files:
        (scratch / "package.json").write_text('{"type":"module"}')
    if job.packages and not (scratch / "node_modules").exists():
        (scratch / "node_modules").symlink_to(job.packages, target_is_directory=True)


def _execute(
    node: Node, job: Job, children: Children, scratch: Path, outcome: Path, lines: list[tuple[float, str]]
) -> int | None:
    """The exit status, None when time was up. The process leads a group of its own, so that nothing outlives it."""
    command = [node.program, f"--max-old-space-size={job.memory_mb}", str(RUNNER)]
    home = {"HOME": str(scratch), "TMPDIR": str(scratch), "LANG": "C.UTF-8", "NODE_NO_WARNINGS": "1"}
    with subprocess.Popen(  # noqa: S603 # nosec B603 - no shell, a fixed command
        command,
        cwd=scratch,
        env={**job.environment, **home},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        children.add(process.pid)
        reader = threading.Thread(target=_listen, args=(process, lines))
        reader.start()
        try:
            _tell(process, job, scratch, outcome)
            return process.wait(job.timeout_seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            children.stop(process.pid)
            reader.join()


def _tell(process: subprocess.Popen[bytes], job: Job, scratch: Path, outcome: Path) -> None:
    told = {
        "entry": str(scratch / job.entrypoint),
        "outcome": str(outcome),
        "request": job.request,
        "mayBeTypeScript": job.may_be_typescript,
    }
    if process.stdin:
        try:
            with process.stdin as pipe:
                pipe.write(json.dumps(told).encode())
        except BrokenPipeError:
            return  # It died at its start; its exit status says so.


def _listen(process: subprocess.Popen[bytes], lines: list[tuple[float, str]]) -> None:
    """Read everything, so that the function never waits for its log; keep the first lines."""
    for raw in process.stdout or ():
        if len(lines) < MOST_LINES:
            text = raw[:LONGEST_LINE].decode(errors="replace").rstrip("\r\n")
            lines.append((time.time(), text))


def _read(outcome: Path, status: int, lines: tuple[tuple[float, str], ...]) -> Outcome:
    try:
        told = json.loads(outcome.read_text())
    except (OSError, ValueError):
        return Outcome(failure="crashed", message=f"Node ended with status {status}.", lines=lines)
    return Outcome(told.get("response"), told.get("failure"), told.get("message", ""), lines)

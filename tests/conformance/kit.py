"""What every part uses: the Node that was set up, the other Python, and processes that talk in JSON lines."""

from __future__ import annotations

import json
import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.node import Node

SCRIPT_SECONDS = 120
ANSWER_SECONDS = 60.0


class ScriptError(Exception):
    """A script of another language stopped. The text holds the end of what it wrote."""


@dataclass(frozen=True)
class Kit:
    """`home` is tests/conformance; `python` runs the packages of its own lock, not the panel's."""

    node: Node
    python: Path
    home: Path

    def script(self, name: str) -> list[str]:
        return [self.node.program, str(self.home / "js" / name)]

    def run(self, name: str, document: Any, environment: Mapping[str, str] | None = None) -> Any:
        """Give one JSON document to a Node script and read the one it prints."""
        done = subprocess.run(
            self.script(name),
            input=json.dumps(document),
            env={**self.node.environment, **(environment or {})},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=SCRIPT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise ScriptError(f"{name} stopped ({done.returncode}): {done.stderr[-3000:]}")
        return json.loads(done.stdout)

    def talker(self, command: Sequence[str], environment: Mapping[str, str]) -> Talker:
        return Talker(command, self.home, {**self.node.environment, **environment})


class Talker:
    """A process that answers each line of JSON with a line of JSON."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        # stderr goes to a file of the system's, so that a chatty process cannot fill a pipe and stand still
        self._log = os.memfd_create("stderr")
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def ask(self, document: Any) -> Any:
        """Raises ScriptError when the process ended instead of answering."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ScriptError("the process has no pipes")
        self._process.stdin.write(json.dumps(document) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], ANSWER_SECONDS)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            raise ScriptError(self._errors() or f"no answer within {ANSWER_SECONDS:.0f} s")
        return json.loads(line)

    def _errors(self) -> str:
        os.lseek(self._log, 0, os.SEEK_SET)
        return os.read(self._log, 1_000_000).decode(errors="replace")[-3000:]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)
        os.close(self._log)

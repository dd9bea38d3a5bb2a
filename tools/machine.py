"""What this machine offers beside Python: a browser, Node, PostgreSQL, Redis."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

POSTGRES_URL = os.environ.get("PANEL_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS_URL = os.environ.get("PANEL_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
#: The shell draws no window around each page, which on two cores is most of a full Chromium's work.
HEADLESS_SHELL = "chromium-headless-shell"
CHROMIUM_NAMES = (HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Resource:
    """`missing` is the reason a skipped test gives."""

    missing: str
    probe: Callable[[], bool]

    def is_there(self) -> bool:
        return self.probe()


def chromium_path() -> str | None:
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@functools.cache
def _postgres_lets_us_in() -> bool:
    with contextlib.suppress(psycopg.Error), psycopg.connect(POSTGRES_URL, connect_timeout=2) as connection:
        row = connection.execute("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone()
        return bool(row and row[0])
    return False


@functools.cache
def _redis_answers() -> bool:
    with (
        contextlib.suppress(redis.RedisError),
        contextlib.closing(redis.Redis.from_url(REDIS_URL, socket_connect_timeout=2)) as client,
    ):
        return bool(client.ping())
    return False


@functools.cache
def _node_version() -> tuple[int, ...]:
    """Return major and minor of the Node on PATH; nothing when there is none."""
    node = shutil.which("node")
    if node is None:
        return ()
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in said.strip().removeprefix("v").split(".")[:2] if part.isdigit())


CHROMIUM = Resource("Chromium is not installed", lambda: chromium_path() is not None)
NODE = Resource("Node is not installed", lambda: shutil.which("node") is not None)
NODE_WITH_TYPES = Resource("Node 22.18 or newer is not on this machine", lambda: _node_version() >= (22, 18))
#: An npm package that nothing here installs: `SANDBOX_NODE_MODULES` names a folder that has it.
HELPERS = Resource(
    "@run402/functions is not installed beside the sandbox",
    Path(os.environ.get("SANDBOX_NODE_MODULES", "/nowhere"), "@run402", "functions").is_dir,
)
POSTGRES = Resource(
    "no PostgreSQL at PANEL_TEST_POSTGRES_URL where we may create a database", _postgres_lets_us_in
)
REDIS = Resource("no Redis at PANEL_TEST_REDIS_URL", _redis_answers)
ALL = (CHROMIUM, NODE, NODE_WITH_TYPES, HELPERS, POSTGRES, REDIS)

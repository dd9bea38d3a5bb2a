"""What this machine offers beside Python: a browser, Node, PostgreSQL, Redis, RabbitMQ."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import kombu
import psycopg
import redis
from kombu.exceptions import OperationalError

from sandbox.functions.node import find_node
from tools import functions, services

POSTGRES_URL = os.environ.get("PANEL_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS_URL = os.environ.get("PANEL_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
RABBITMQ_URL = os.environ.get("PANEL_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
#: The shell draws no window around each page, which on two cores is most of a full Chromium's work.
HEADLESS_SHELL = "chromium-headless-shell"
CHROMIUM_NAMES = (HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Resource:
    """`missing` is the reason a skipped test gives; `source` says whether `make test` could have fetched it."""

    missing: str
    probe: Callable[[], bool]
    source: Callable[[], bool] = lambda: False

    def is_there(self) -> bool:
        return self.probe()

    def could_be_there(self) -> bool:
        return self.is_there() or self.source()


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
def _rabbitmq_answers() -> bool:
    with (
        contextlib.suppress(OSError, OperationalError),
        kombu.Connection(RABBITMQ_URL, connect_timeout=2, transport_options={"max_retries": 0}) as connection,
    ):
        connection.connect()
        return bool(connection.connected)
    return False


CHROMIUM = Resource("Chromium is not installed", lambda: chromium_path() is not None)
NODE = Resource(
    "Node 20 or newer is not on this machine",
    lambda: find_node() is not None,
    functions.node_can_be_had,
)
NODE_WITH_TYPES = Resource(
    "Node 22.18 or newer is not on this machine", functions.node_is_there, functions.node_can_be_had
)
FUNCTIONS = Resource(
    "@run402/functions is not installed beside the sandbox",
    functions.package_is_there,
    functions.package_can_be_had,
)
POSTGRES = Resource(
    "no PostgreSQL at PANEL_TEST_POSTGRES_URL where we may create a database", _postgres_lets_us_in
)
REDIS = Resource("no Redis at PANEL_TEST_REDIS_URL", _redis_answers)
RABBITMQ = Resource("no RabbitMQ at PANEL_TEST_RABBITMQ_URL", _rabbitmq_answers)
SERVERS = Resource("PostgreSQL and Redis are not installed", lambda: not services.missing())
ALL = (CHROMIUM, NODE, NODE_WITH_TYPES, FUNCTIONS, POSTGRES, REDIS, RABBITMQ, SERVERS)

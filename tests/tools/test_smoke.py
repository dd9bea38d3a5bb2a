"""The whole main job on the services that larger installations use; `make smoke` runs it on SQLite."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from psycopg import sql

from tests import needs
from tools import machine, smoke
from tools.stack import Stack

QUEUES = ("interactive", "deploys", "sync")


@pytest.fixture
def database_url() -> Iterator[str]:
    """An empty PostgreSQL database, dropped afterwards."""
    name = f"run402_panel_smoke_{secrets.token_hex(4)}"
    with psycopg.connect(machine.POSTGRES_URL, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlsplit(machine.POSTGRES_URL)._replace(path=f"/{name}").geturl()
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def broker_url() -> Iterator[str]:
    """Redis, without wake-ups of another run before and after."""
    with redis.Redis.from_url(machine.REDIS_URL) as server:
        server.delete(*QUEUES)
        yield machine.REDIS_URL
        server.delete(*QUEUES)


@pytest.mark.slow
@needs.postgres
@needs.redis
def test_the_main_job_runs_on_postgresql_and_redis(
    tmp_path: Path, database_url: str, broker_url: str
) -> None:
    settings = {
        "PANEL_DATABASE_URL": database_url,
        "PANEL_BROKER_URL": broker_url,
        "PANEL_CACHE_URL": broker_url,
    }
    with Stack.start(tmp_path, settings=settings, patience=1) as stack:
        smoke.walk(stack)
    assert not (tmp_path / "panel.sqlite3").exists()

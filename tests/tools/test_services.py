"""A PostgreSQL and a Redis of our own: they start, survive a kill as they should, and end with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests import needs
from tools.layout import ROOT
from tools.ports import is_free
from tools.services import NotInstalled, Postgres, Services, missing, postgres

PATIENCE = 30.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose parents any user may pass, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="run402-panel-services-") as name:
        yield Path(name)


@pytest.fixture
def services(folder: Path) -> Iterator[Services]:
    with Services.started(folder) as started:
        yield started


@needs.servers
def test_what_was_committed_survives_a_kill_and_a_crash(services: Services) -> None:
    with psycopg.connect(services.postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    for number, end in enumerate((services.postgres.kill, services.postgres.crash, services.postgres.stop)):
        with psycopg.connect(services.postgres.url, autocommit=True) as connection:
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
        end()
        assert services.postgres.answers() is False
        services.postgres.start()
    with psycopg.connect(services.postgres.url) as connection:
        assert connection.execute("SELECT number FROM kept ORDER BY 1").fetchall() == [(0,), (1,), (2,)]
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


@needs.servers
def test_a_redis_that_is_emptied_or_restarted_has_forgotten(services: Services) -> None:
    with redis.Redis.from_url(services.redis.url) as client:
        client.set("wake-up", "1")
        services.redis.empty()
        assert client.get("wake-up") is None
        client.set("wake-up", "2")
    services.redis.kill()
    assert services.redis.answers() is False
    services.redis.restart()
    with redis.Redis.from_url(services.redis.url) as client:
        assert client.get("wake-up") is None


@needs.servers
def test_they_end_with_whoever_started_them_even_when_that_is_killed(folder: Path) -> None:
    command = [sys.executable, "-m", "tools.services", str(folder / "new")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        told = dict(started.stdout.readline().strip().split("=", 1) for _ in range(3))
        ports = [int(told[name].rpartition(":")[2].partition("/")[0]) for name in told]
        assert sorted(told) == ["PANEL_BROKER_URL", "PANEL_CACHE_URL", "PANEL_DATABASE_URL"]
        assert [is_free(port) for port in ports] == [False, False, False]
        os.kill(started.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while not all(is_free(port) for port in ports):
        assert time.monotonic() < deadline, "they are still there"
        time.sleep(0.1)


def test_what_is_not_installed_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    with pytest.raises(NotInstalled, match="On Debian: apt-get install postgresql"):
        Postgres.require()
    assert missing().startswith("PostgreSQL is not installed")

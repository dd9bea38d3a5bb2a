"""A Redis of our own: loopback only, nothing on disk but its log, since what it carries are wake-ups."""

from __future__ import annotations

import contextlib
import shutil

import redis

from tools.services.service import NotInstalled, Service


class Redis(Service):
    """`url` is what PANEL_BROKER_URL takes, with a slash and the number of a database after it."""

    name = "Redis"

    @classmethod
    def require(cls) -> None:
        """Raise NotInstalled when there is no server to start."""
        _program()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Return the server in the foreground."""
        listen = ["--port", str(self.port), "--bind", "127.0.0.1"]
        return [_program(), *listen, "--dir", str(self.folder), "--save", "", "--appendonly", "no"]

    def answers(self) -> bool:
        """Say whether it answers a ping."""
        with contextlib.suppress(redis.RedisError), contextlib.closing(self._client()) as client:
            return bool(client.ping())
        return False

    def empty(self) -> None:
        """Forget everything it carries."""
        with contextlib.closing(self._client()) as client:
            client.flushall()

    def _client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2)


def _program() -> str:
    found = shutil.which("redis-server")
    if found is None:
        raise NotInstalled(
            "Redis is not installed: there is no redis-server on PATH. On Debian: apt-get install redis-server."
        )
    return found

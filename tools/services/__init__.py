"""Private PostgreSQL and Redis in a scratch folder, on ports of their own: for runs that stop, kill and restart them.

    with Services.started(folder) as services:
        services.postgres.url, services.redis.url
        services.postgres.kill(); services.postgres.start()

Ends with its parent, however that ends (tools/guardian.py). `python -m tools.services` starts them for a person.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.guard import Guardian
from tools.services.postgres import Postgres
from tools.services.redis import Redis
from tools.services.service import NotInstalled, ServiceError

__all__ = ["NotInstalled", "Postgres", "Redis", "ServiceError", "Services", "missing"]

PATIENCE = 5.0


@dataclass(frozen=True)
class Services:
    """What a panel on one machine can have beside its own processes."""

    postgres: Postgres
    redis: Redis

    @classmethod
    @contextlib.contextmanager
    def started(cls, folder: Path) -> Iterator[Services]:
        """Start both in `folder`, which has to be there; stop them at the end. Raises NotInstalled or ServiceError."""
        guardian = Guardian(folder, PATIENCE)
        try:
            services = cls(Postgres(folder / "postgres", guardian), Redis(folder / "redis", guardian))
            with contextlib.ExitStack() as stack:
                for service in (services.postgres, services.redis):
                    service.start()
                    stack.callback(service.stop)
                yield services
        finally:
            guardian.leave()

    @property
    def settings(self) -> dict[str, str]:
        """Return the PANEL_ settings of a panel that uses them."""
        return {
            "PANEL_DATABASE_URL": self.postgres.url,
            "PANEL_BROKER_URL": f"{self.redis.url}/0",
            "PANEL_CACHE_URL": f"{self.redis.url}/1",
        }


def missing() -> str:
    """Say what cannot be started here and what to do; empty when both can."""
    for service in (Postgres, Redis):
        try:
            service.require()
        except NotInstalled as error:
            return str(error)
    return ""

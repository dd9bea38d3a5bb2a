"""Can this process do its work? Asked by whoever routes requests to it; says no secret and no address."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.functional import Promise

from core.registry import HealthCheck, health_checks
from operations.models import WorkerPulse
from operations.selectors import alive_workers

Words = str | Promise

KEY = "panel-ready"
#: This process once saw every migration applied.
_all_applied = threading.Event()


def checks(*, worker: bool = False) -> dict[str, Words]:
    """Return each check by name: `ok`, or what is wrong in a few words.

    Web is ready without a worker, since pages read and operations wait; ask with `worker` for the whole instance.
    """
    found: dict[str, Words] = {"database": database()}
    if found["database"] == "ok":
        found |= {"migrations": migrations(), "cache": cached()}
        if worker:
            found |= {"worker": workers(), **offered()}
    return found


def offered(told: Mapping[str, Words] | None = None) -> dict[str, Words]:
    """Return the checks that rooms offer: is the instance as a whole well? What is told already is not asked."""
    known = told or {}
    return {name: known[name] if name in known else _asked(check) for name, check in health_checks.items()}


def _asked(check: HealthCheck) -> str:
    fine, words = check()
    return "ok" if fine else words


def database() -> str:
    """Ask the database for one row."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        return "not reachable"
    return "ok"


def workers() -> str:
    """Say whether the workers answer and hold the keys: without them they refuse what has to be signed or opened."""
    return words_about(alive_workers().order_by("name"))


def words_about(live: Iterable[WorkerPulse]) -> str:
    """Say what live workers lack, or that there is none."""
    alive = list(live)
    if not alive:
        return "not answering"
    locked = [pulse for pulse in alive if not (pulse.unlocks and pulse.checks_limits)]
    if not locked:
        return "ok"
    lacks = "the private keyset" if any(not pulse.unlocks for pulse in locked) else "the policy key"
    return f"{len(locked)} of {len(alive)} cannot read {lacks}"


def migrations() -> str:
    """Compare the migrations in the code with those applied, until none is missing: neither changes under a process."""
    if _all_applied.is_set():
        return "ok"
    executor = MigrationExecutor(connection)
    if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return f"{len(missing)} not applied"
    _all_applied.set()
    return "ok"


def cached() -> str:
    """Write to the cache and read it back."""
    token = secrets.token_hex(4)
    try:
        cache.set(KEY, token, timeout=5)
        return "ok" if cache.get(KEY) is not None else "does not keep what it is given"
    except (DatabaseError, OSError):
        return "not reachable"

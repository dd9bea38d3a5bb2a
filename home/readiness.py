"""Can this process do its work? Asked by whoever routes requests to it; says no secret and no address."""

from __future__ import annotations

import secrets

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from core.registry import health_checks
from operations.selectors import workers_without_keys

KEY = "panel-ready"


def checks(*, worker: bool = False) -> dict[str, str]:
    """Return each check by name: `ok`, or what is wrong in a few words.

    Web is ready without a worker, since pages read and operations wait; ask with `worker` for the whole instance.
    """
    found = {"database": database()}
    if found["database"] == "ok":
        found |= {"migrations": migrations(), "cache": cached()}
        if worker:
            found |= {"worker": workers(), **offered()}
    return found


def offered() -> dict[str, str]:
    """Return the checks that rooms offer: is the instance as a whole well?"""
    answers = {name: check() for name, check in health_checks.items()}
    return {name: "ok" if fine else words for name, (fine, words) in answers.items()}


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
    locked, alive = workers_without_keys()
    if not alive:
        return "not answering"
    if not locked:
        return "ok"
    lacks = "the private keyset" if any(not pulse.unlocks for pulse in locked) else "the policy key"
    return f"{len(locked)} of {alive} cannot read {lacks}"


def migrations() -> str:
    """Compare the migrations that stand in the code with those that were applied."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} not applied" if missing else "ok"


def cached() -> str:
    """Write to the cache and read it back."""
    token = secrets.token_hex(4)
    try:
        cache.set(KEY, token, timeout=5)
        return "ok" if cache.get(KEY) is not None else "does not keep what it is given"
    except (DatabaseError, OSError):
        return "not reachable"

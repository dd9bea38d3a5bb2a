"""For all tests: which run on PostgreSQL too, or there alone. Fixtures: tests/fixtures.py; skips: tests/skips.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no fault of what is tested: no example is timed, and none is called slow to make.
settings.register_profile("panel", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("panel")

pytest_plugins = ["tests.earlier", "tests.groups", "tests.skips", "tests.fixtures"]

HERE = Path(__file__).parent
# The rooms whose rows carry locks, leases and money: their tests run on PostgreSQL as well (make test).
POSTGRES_ROOMS = {"audit", "operations", "teams", "wallets"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        room = item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else ""
        if room in POSTGRES_ROOMS and not item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.postgres)
    if not os.environ.get("PANEL_TEST_DATABASE_URL"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("server")])
        items[:] = [item for item in items if not item.get_closest_marker("server")]

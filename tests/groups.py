"""Tests that share something costly stay in one process of `pytest -n 2 --dist loadgroup`.

Told by path: xdist's own `xdist_group` mark works by renaming tests, which pytest 9.2 does not notice.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: The beginning of a test's name, and what tests with it share. The largest group begins first.
GROUPS = {
    "tests/rooms/": "the panel of the browser paths",
    "tests/sandbox/test_sandbox_browser.py": "the panel of the browser paths",  # as heavy: a browser at a time
    "tests/security/test_forms_and_links.py": "one walk through all pages",
    "tests/chaos/test_short.py": "stacks of their own",
    "tests/tools/test_demo_ends.py": "stacks of their own",
    "tests/tools/test_stack.py": "stacks of their own",
    "tests/tools/test_restore.py": "stacks of their own",
    "tests/tools/test_smoke.py": "stacks of their own",
}


def group_of(name: str) -> str:
    """What the test shares; its own name when it stands alone."""
    return next((group for beginning, group in GROUPS.items() if name.startswith(beginning)), name)


class Scheduling(LoadScopeScheduling):
    """Hands out a whole group, or one test that stands alone, at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    return Scheduling(config, log) if config.getvalue("dist") == "loadgroup" else None

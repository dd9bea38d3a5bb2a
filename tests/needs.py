"""What some tests need from the machine; a mark skips, with its reason, only where that is missing.

    @needs.chromium
    def test_owner_signs_in(...): ...

Under CI=true any other skip fails the run (tests/conftest.py): nothing is left out that could run.
"""

from __future__ import annotations

import pytest

from tools import machine
from tools.machine import Resource


def _mark(resource: Resource) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not resource.is_there(), reason=resource.missing)


chromium = _mark(machine.CHROMIUM)
postgres = _mark(machine.POSTGRES)
redis = _mark(machine.REDIS)
node = _mark(machine.NODE)
node_with_types = _mark(machine.NODE_WITH_TYPES)
functions_package = _mark(machine.FUNCTIONS)
rabbitmq = _mark(machine.RABBITMQ)
servers = _mark(machine.SERVERS)

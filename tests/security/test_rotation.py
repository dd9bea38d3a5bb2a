"""Rotation under load: small in `make test`, with 1,000 wallets in `make security`."""

from __future__ import annotations

import os

import pytest

from tests.security import rotation

WALLETS = int(os.environ.get("PANEL_TEST_ROTATION_WALLETS", "40"))


@pytest.mark.slow
def test_nothing_is_unreadable_at_any_instant_of_a_rotation() -> None:
    assert rotation.run(WALLETS) == 0

"""Rotation under load, small; `make security` runs it with 1,000 wallets."""

from __future__ import annotations

import pytest

from tests.security import rotation


@pytest.mark.slow
def test_nothing_is_unreadable_at_any_instant_of_a_rotation() -> None:
    assert rotation.run(40) == 0

"""Broken requests end in a page and a sentence, never in an error of ours. `make security` sends 10,000 of them."""

from __future__ import annotations

import os
import secrets

import pytest

from tests.security import fuzz

FEW, FEW_SECONDS = 400, 60.0
#: Set by `make security`: so many, for three minutes at most, from processes of their own.
MANY = int(os.environ.get("PANEL_TEST_FUZZ", "0"))


@pytest.mark.django_db
def test_broken_requests_break_nothing() -> None:
    result = fuzz.run(MANY) if MANY else fuzz.walk(FEW, FEW_SECONDS, secrets.randbelow(10**9))
    assert result.findings == []
    assert result.sent >= 100
    assert len(result.addresses) > 40

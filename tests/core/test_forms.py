"""Amounts as people type them: integer micros come out, or one sentence."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from core.forms import DollarsField, dollars

MICROS = 1_000_000


@pytest.mark.parametrize(
    ("typed", "micros"),
    [
        ("0", 0),
        ("0.5", 500_000),
        (".5", 500_000),
        ("1.10", 1_100_000),
        ("0.000001", 1),
        (" 2 ", 2 * MICROS),
        ("10000", 10_000 * MICROS),
        ("1e2", 100 * MICROS),
    ],
)
def test_an_amount_becomes_whole_micros(typed: str, micros: int) -> None:
    found = DollarsField().clean(typed)
    assert (found, type(found)) == (micros, int)


@pytest.mark.parametrize(
    "typed", ["-1", "-0.000001", "10000.01", "1e30", "0.0000001", "1,5", "NaN", "Infinity", "ten", "0x10", ""]
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        DollarsField().clean(typed)


@pytest.mark.parametrize("micros", [0, 1, 10_000, 500_000, 1_234_567, 10_000 * MICROS])
def test_a_field_shows_what_it_reads(micros: int) -> None:
    assert DollarsField().clean(str(dollars(micros))) == micros

"""Many tabs that follow something ask more seldom, each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from operations import crowd


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    """Nobody looks, before and after."""
    crowd._seen.clear()
    yield
    crowd._seen.clear()


def test_few_tabs_ask_as_often_as_they_would_alone() -> None:
    assert {crowd.delay(f"tab {number}", 1000, now=0) for number in range(50)} == {1000}


def test_a_hundred_tabs_ask_fifty_times_a_second_in_all() -> None:
    for number in range(100):
        crowd.delay(f"tab {number}", 1000, now=0)
    assert crowd.delay("tab 7", 1000, now=1) == 2000
    assert crowd.delay("tab 7", 5000, now=1) == 5000


def test_the_quick_first_polls_stay_quick() -> None:
    for number in range(100):
        crowd.delay(f"tab {number}", 1000, now=0)
    assert crowd.delay("tab 7", 60, now=0) == 60


def test_tabs_that_went_away_are_forgotten() -> None:
    for number in range(100):
        crowd.delay(f"tab {number}", 1000, now=0)
    assert crowd.delay("tab 7", 1000, now=crowd.GONE_SECONDS + 1) == 1000
    assert list(crowd._seen) == ["tab 7"]

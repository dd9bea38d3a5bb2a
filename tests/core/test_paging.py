"""Lists that may be very long."""

from __future__ import annotations

import pytest
from django.core.paginator import EmptyPage
from pytest_django import DjangoAssertNumQueries

from core import paging
from core.counting import counts
from core.paging import LongPaginator
from core.ui.figures import counted
from teams.models import Team

pytestmark = pytest.mark.django_db


@pytest.fixture
def teams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight teams, and nobody counts beyond five."""
    monkeypatch.setattr(paging, "COUNTED_TO", 5)
    Team.objects.all().delete()
    for number in range(8):
        Team.objects.create(name=f"Team {number}")


def _names(number: str, rows: int = 8) -> tuple[list[str], bool, int, int]:
    found = Team.objects.filter(name__lt=f"Team {rows}").order_by("name")
    page = LongPaginator(found, 3).get_page(number)
    names = [str(team.name).removeprefix("Team ") for team in page]
    return names, page.has_next(), page.start_index(), page.end_index()


def test_a_list_that_was_counted_to_its_end_pages_as_ever(teams: None) -> None:
    assert _names("1", 5) == (["0", "1", "2"], True, 1, 3)
    assert _names("2", 5) == (["3", "4"], False, 4, 5)
    assert not LongPaginator(Team.objects.filter(name__lt="Team 5").order_by("name"), 3).is_longer


def test_rows_beyond_the_count_are_reached(teams: None) -> None:
    found = LongPaginator(Team.objects.order_by("name"), 3)
    assert (found.count, found.is_longer) == (5, True)
    assert _names("2") == (["3", "4", "5"], True, 4, 6)
    assert _names("3") == (["6", "7"], False, 7, 8)
    assert (found.page(3).has_other_pages(), found.page(3).previous_page_number()) == (True, 2)


def test_a_number_that_is_no_page_leads_to_one_that_is(teams: None) -> None:
    assert _names("nonsense")[0] == _names("-1")[0] == ["0", "1", "2"]
    assert _names("0")[0] == _names("99")[0] == ["3", "4", "5"]
    with pytest.raises(EmptyPage):
        LongPaginator(Team.objects.order_by("name"), 3).page(99)


def test_several_counts_take_one_query_and_end_early(
    teams: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        found = counts(Team.objects.all(), Team.objects.filter(name="Team 1"), Team.objects.none(), most=6)
    assert found == [6, 1, 0]


def test_a_count_that_ended_early_says_so() -> None:
    assert [counted(number) for number in (0, 1000, 1001)] == ["0", "1,000", "1,000+"]

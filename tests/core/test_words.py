"""The words and figures behind the component tags."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NextStep, Refusal
from core.ui import figures, ids, money, people, problems, status, times

NOW = datetime(2026, 11, 22, 10, 42, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "$0.00"),
        (30_000, "$0.03"),
        (1_500, "$0.0015"),
        (1, "$0.000001"),
        (5_000_000, "$5.00"),
        (1_204_500_000, "$1,204.50"),
        (1_234_567, "$1.23"),
        (-500_000, "−$0.50"),
    ],
)
def test_micros_read_as_dollars(micros: int, text: str) -> None:
    assert money.usd(micros) == text


def test_exact_sum_keeps_every_digit() -> None:
    assert money.usd(1_234_567, exact=True) == "$1.234567"


@given(st.integers(min_value=1, max_value=10**15))
def test_nothing_that_costs_reads_as_free(micros: int) -> None:
    assert money.usd(micros).strip("$0.,") != ""


@given(st.integers(min_value=0, max_value=10**15))
def test_exact_sum_reads_back_as_the_same_micros(micros: int) -> None:
    whole, _, decimals = money.usd(micros, exact=True).removeprefix("$").replace(",", "").partition(".")
    assert int(whole) * money.MICROS + int(decimals.ljust(6, "0")) == micros


def test_only_known_networks_have_a_kind_of_money() -> None:
    kinds = [money.money_kind(network) for network in ("eip155:84532", "eip155:8453", "eip155:1", "", None)]
    assert kinds == ["test", "real", None, None, None]


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(seconds=42), "42 s ago"),
        (timedelta(minutes=45), "45 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(hours=30), "yesterday"),
        (timedelta(days=6), "6 d ago"),
        (timedelta(days=22), "3 wk ago"),
        (timedelta(days=300), "26 Jan 2026"),
        (timedelta(minutes=-12), "in 12 min"),
        (timedelta(hours=-30), "tomorrow"),
    ],
)
def test_moment_reads_as_distance(gap: timedelta, text: str) -> None:
    assert times.relative(NOW - gap, now=NOW) == text


def test_exact_time_names_its_zone() -> None:
    assert times.exactly(NOW) == "22 Nov 2026, 10:42:07 UTC"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.42, "0.4 s"),
        (38.2, "38 s"),
        (59.7, "1 min"),
        (125, "2 min 5 s"),
        (3780, "1 h 3 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert times.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(812, "812 B"), (8204, "8.2 KB"), (12_000_000, "12 MB"), (412_400_000, "412 MB"), (10**13, "10 TB")],
)
def test_size_is_decimal(count: int, text: str) -> None:
    assert figures.size(count) == text


def test_share_stays_between_nothing_and_all() -> None:
    assert [figures.percent(*pair) for pair in ((1, 3), (5, 4), (-1, 4), (1, 0))] == [33.3, 100.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0x7aE2b04C19d0F5a3318E7c61A02f9D8855cB41c9", "0x7aE2…41c9"),
        ("tr_0a9f4410b2c877d1", "tr_0a9f…77d1"),
        ("9ab2c07e5d1841f09ab2", "9ab2…9ab2"),
        ("op_5be2917c", "op_5be2917c"),
    ],
)
def test_long_id_is_shortened_in_the_middle(value: str, text: str) -> None:
    assert ids.shorten(value) == text


def test_initials_come_from_names_and_addresses() -> None:
    assert [
        people.initials(name) for name in ("Ana Duarte", "bob@example.com", "c.d@example.com", "", "@")
    ] == [
        "AD",
        "BO",
        "CD",
        "?",
        "?",
    ]


def test_phase_without_a_word_is_shown_as_it_is() -> None:
    assert [status.phase_word("upload"), status.phase_word("edge_warmup")] == ["Uploading", "Edge warmup"]


def test_refusal_of_the_panel_is_explained() -> None:
    refusal = Refusal(
        "LIMIT_REACHED", "Over the limit.", next_steps=[NextStep("limits", "See limits", "/wallets/1")]
    )
    shown = problems.problem(refusal.fault.as_dict())
    assert shown == problems.Problem(
        message="Over the limit.",
        code="LIMIT_REACHED",
        trace_id="",
        changed="Nothing has changed.",
        safe=True,
        retry="It will fail the same way until the cause is gone.",
        hint="",
        steps=(problems.Step("See limits", "/wallets/1"),),
    )


def test_address_outside_the_panel_is_no_link() -> None:
    error = {
        "next_actions": [
            {"type": "x", "url": each} for each in ("https://evil.example", "//evil.example", "/ok")
        ]
    }
    assert [step.url for step in problems.problem(error).steps] == ["", "", "/ok"]


def test_error_in_an_unknown_shape_still_says_something() -> None:
    shown = problems.problem({"message": None, "next_actions": "none", "mutation_state": 7})
    assert (shown.message, shown.changed, shown.safe, shown.steps) == (
        "The gateway gave no reason.",
        "",
        None,
        (),
    )

"""Limits as values: what makes sense, and what counts as a raise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from wallets.limits import MOST_MICROS, Amounts, Cap, Limits, is_raise, make_sense
from wallets.models.gateway import BASE_MAINNET, BASE_SEPOLIA

NETWORKS = (BASE_SEPOLIA, BASE_MAINNET)
CAP = Cap("kind", "tier", "test", "day", 50)
NOW = Limits(10, 100, per_week_micros=300, caps=(CAP,))


@pytest.mark.parametrize(
    ("asked", "raised"),
    [
        (NOW, False),
        (replace(NOW, per_payment_micros=9, per_day_micros=99, per_week_micros=299), False),
        (replace(NOW, per_month_micros=400), False),
        (replace(NOW, caps=(CAP, replace(CAP, key="other"))), False),
        (replace(NOW, caps=(replace(CAP, micros=0),)), False),
        (replace(NOW, per_payment_micros=11), True),
        (replace(NOW, per_week_micros=301), True),
        (replace(NOW, per_week_micros=None), True),
        (replace(NOW, caps=()), True),
        (replace(NOW, caps=(replace(CAP, micros=51),)), True),
        (replace(NOW, caps=(replace(CAP, window="week"),)), True),
        (replace(NOW, real=Amounts(0, 0)), True),
    ],
)
def test_a_raise_is_whatever_lets_more_pass(asked: Limits, raised: bool) -> None:
    assert is_raise(NOW, asked) is raised


def test_taking_real_money_away_is_no_raise() -> None:
    cap = Cap("kind", "tier", "real", "day", 1)
    now = replace(NOW, real=Amounts(10, 10), caps=(CAP, cap))
    assert is_raise(now, replace(now, real=None, caps=(CAP,))) is False
    assert is_raise(now, replace(now, real=Amounts(10, 11))) is True


@pytest.mark.parametrize(
    "limits",
    [
        Limits(5, 4),
        Limits(-1, 4),
        Limits(1, 5, per_week_micros=4),
        Limits(1, 2, per_week_micros=9, per_month_micros=8),
        Limits(3, 3, per_month_micros=2),
        Limits(1, MOST_MICROS + 1),
        replace(NOW, real=Amounts(2, 1)),
        replace(NOW, caps=(CAP, CAP)),
        replace(NOW, caps=(replace(CAP, about="wallet"),)),
        replace(NOW, caps=(replace(CAP, key=""),)),
        replace(NOW, caps=(replace(CAP, key="kitchen"),)),
        replace(NOW, caps=(replace(CAP, about="member", key="alice"),)),
        replace(NOW, caps=(replace(CAP, about="project", key="A" * 32),)),
        replace(NOW, caps=(replace(CAP, window="year"),)),
        replace(NOW, caps=(replace(CAP, money="monopoly"),)),
        replace(
            NOW, caps=tuple(replace(CAP, about="member", key=str(UUID(int=number))) for number in range(41))
        ),
    ],
)
def test_limits_without_sense_are_told(limits: Limits) -> None:
    assert make_sense(limits) is False


@pytest.mark.parametrize(
    "limits", [NOW, replace(NOW, networks=NETWORKS, real=Amounts(1, 2, None, 9)), Limits(0, 0)]
)
def test_what_an_operation_carries_is_read_back(limits: Limits) -> None:
    assert (Limits.from_args(limits.as_args(), NETWORKS), make_sense(limits)) == (limits, True)


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"per_payment_micros": 1},
        {"per_payment_micros": 1.5, "per_day_micros": 2},
        {"per_payment_micros": "1", "per_day_micros": 2},
        {"per_payment_micros": True, "per_day_micros": 2},
        {"per_payment_micros": 1, "per_day_micros": 2, "caps": [["kind", "tier"]]},
        {"per_payment_micros": 1, "per_day_micros": 2, "real": [1]},
        {"per_payment_micros": 1, "per_day_micros": 2, "caps": 5},
    ],
)
def test_arguments_that_are_no_limits_are_refused(args: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="limit"):
        Limits.from_args(args, NETWORKS)

"""What a tier allows functions: how many, how long, how large, how often (apply 2.11)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from sandbox import lease
from sandbox.lease import Tier
from sandbox.problems import Problem, invalid_spec
from sandbox.release.state import Function
from sandbox.store import Store
from sandbox.store.projects import Project

DAY_MINUTES = 24 * 60


def tier_of(store: Store, project: Project) -> Tier:
    """The owner's tier; without one, the smallest tier's limits hold."""
    return lease.TIERS.get(store.accounts.get(project.owner).tier or "", lease.TIERS["prototype"])


def check(functions: Sequence[Function], tier: Tier, before: Iterable[Function] = ()) -> None:
    """Raises Problem. Functions that are live as they are were allowed when they came."""
    known = tuple(before)
    fresh = [function for function in functions if function not in known]
    if fresh and len(functions) > tier.max_functions:
        raise exceeded("TIER_LIMIT_EXCEEDED", "functions", len(functions), tier, tier.max_functions)
    for function in fresh:
        _check_one(function, tier)
    scheduled = [function for function in functions if function.schedule]
    if any(function.schedule for function in fresh) and len(scheduled) > tier.schedules:
        code, field = "FUNCTION_SCHEDULE_LIMIT_EXCEEDED", "functions.schedule"
        raise exceeded(code, field, len(scheduled), tier, tier.schedules)


def _check_one(function: Function, tier: Tier) -> None:
    place = f"functions.{function.name}"
    if function.timeout_seconds > tier.timeout_seconds:
        field, code = f"{place}.config.timeout_seconds", "FUNCTION_TIMEOUT_EXCEEDS_TIER"
        raise exceeded(code, field, function.timeout_seconds, tier, tier.timeout_seconds)
    if function.memory_mb > tier.memory_mb:
        field, code = f"{place}.config.memory_mb", "FUNCTION_MEMORY_EXCEEDS_TIER"
        raise exceeded(code, field, function.memory_mb, tier, tier.memory_mb)
    if function.schedule:
        gap = shortest_gap(function.schedule, f"{place}.schedule")
        if gap < tier.cron_minutes:
            field, code = f"{place}.schedule", "FUNCTION_SCHEDULE_INTERVAL_TOO_SHORT"
            raise exceeded(code, field, gap, tier, tier.cron_minutes)


def exceeded(code: str, field: str, value: int, tier: Tier, most: int) -> Problem:
    """Return the refusal of what the account's tier does not allow."""
    details: dict[str, Any] = {"field": field, "value": value, "tier": tier.name, "scope": "account"}
    name = "min_interval_minutes" if code == "FUNCTION_SCHEDULE_INTERVAL_TOO_SHORT" else "tier_max"
    word = "at least" if name == "min_interval_minutes" else "at most"
    text = f"The {tier.name} tier allows {word} {most} for '{field}', and this is {value}."
    actions = ("renew_tier", "edit_request")
    details |= {name: most, "limit_source": "tier_status"}
    return Problem(403, code, text, category="quota", resource=field, details=details, next_actions=actions)


def shortest_gap(schedule: str, resource: str) -> int:
    """Minutes between the two closest runs of a day, over midnight too. Raises Problem (INVALID_SPEC)."""
    fields = schedule.split()
    if len(fields) != 5:
        raise invalid_spec("A schedule has five fields.", resource=resource)
    bounds = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    try:
        minutes, hours, *_days = [
            set(_values(text, *bound)) for text, bound in zip(fields, bounds, strict=True)
        ]
    except ValueError as error:
        raise invalid_spec(f"'{schedule}' is no cron text: {error}.", resource=resource) from error
    runs = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    return min(later - earlier for earlier, later in pairwise([*runs, runs[0] + DAY_MINUTES]))


def _values(text: str, low: int, high: int) -> Iterator[int]:
    """`*`, numbers, ranges, lists and steps. Raises ValueError."""
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        start, end = (low, high) if span == "*" else (int(first), int(last) if dash else int(first))
        if slash and not dash and span != "*":
            end = high
        if not low <= start <= end <= high or (slash and int(step) < 1):
            raise ValueError(f"'{part}' is out of bounds")
        yield from range(start, end + 1, int(step) if slash else 1)

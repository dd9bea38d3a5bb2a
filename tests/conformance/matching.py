"""Comparing what came back with what a step expects: dictionaries by the keys that are named, lists whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Predicate = Callable[[Any], bool]


def mismatch(expected: Any, seen: Any, at: str = "$") -> str | None:
    """Where and how `seen` is not what is expected, or None."""
    if callable(expected):
        return None if expected(seen) else f"{at} is {_short(seen)}"
    if isinstance(expected, dict):
        return _of_dict(expected, seen, at)
    if isinstance(expected, list):
        return _of_list(expected, seen, at)
    return None if seen == expected else f"{at} is {_short(seen)}, expected {_short(expected)}"


def _of_dict(expected: dict[str, Any], seen: Any, at: str) -> str | None:
    if not isinstance(seen, dict):
        return f"{at} is {_short(seen)}, expected an object"
    found = (mismatch(item, seen.get(name), f"{at}.{name}") for name, item in expected.items())
    return next((each for each in found if each), None)


def _of_list(expected: list[Any], seen: Any, at: str) -> str | None:
    if not isinstance(seen, list) or len(seen) != len(expected):
        return f"{at} is {_short(seen)}, expected {len(expected)} items"
    found = (mismatch(item, seen[index], f"{at}[{index}]") for index, item in enumerate(expected))
    return next((each for each in found if each), None)


def identifier(prefix: str) -> Predicate:
    return lambda seen: isinstance(seen, str) and re.fullmatch(rf"{prefix}_\w+", seen) is not None


def text(seen: Any) -> bool:
    return isinstance(seen, str) and bool(seen)


def positive(seen: Any) -> bool:
    return isinstance(seen, int) and seen > 0


def some(item: Any) -> Predicate:
    """A list with at least one item like this."""
    return lambda seen: isinstance(seen, list) and any(mismatch(item, each) is None for each in seen)


def count(number: int) -> Predicate:
    return lambda seen: isinstance(seen, list) and len(seen) == number


def anything(seen: Any) -> bool:
    return True


def _short(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= 400 else words[:400] + " ..."

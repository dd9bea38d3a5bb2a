"""JSON in and out, with one failure mode.

Answers come from servers we do not control: whatever they send, reading raises ``ValueError`` and nothing
else, and what was read can be written again and stored as UTF-8.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

MAX_DEPTH = 64
# A string that never ends counts to the end of the input: otherwise every later quote would be tried as a start.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89abAB]|\\u[dD][c-fC-F]")


def loads(content: bytes) -> Any:
    """The JSON value in ``content``. Raises ValueError for anything that is not clean, finite, UTF-8 JSON."""
    if _deeper_than(content, MAX_DEPTH):
        raise ValueError("nested too deeply")
    value = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    if _ESCAPED_SURROGATE.search(content):
        return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    return value


def dumps(value: Any) -> bytes:
    """Compact JSON in insertion order, as JavaScript's JSON.stringify writes it; every request body is made so."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _deeper_than(content: bytes, limit: int) -> bool:
    """Whether brackets nest deeper than about ``limit``; parsing recurses, and too deep could end the process."""
    brackets = _STRING.sub(b"", content).translate(None, delete=_NO_BRACKET)
    for _ in range(limit):
        inner_gone = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(inner_gone) == len(brackets):
            break
        brackets = inner_gone
    return len(brackets) > limit

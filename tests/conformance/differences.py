"""Part 4: what our client sends, request by request, against what the official SDK sends for the same step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from tests.conformance import table
from tests.conformance.plain import Plain
from tests.conformance.report import Report
from tests.conformance.table import Justified

SDK, OURS = "only the SDK", "only our client"
Difference = tuple[str, str]


def compare(report: Report, sdk: Mapping[str, Sequence[Plain]], ours: Mapping[str, Sequence[Plain]]) -> None:
    """One check for each step that both took, and one that no row of the table has become idle."""
    used: set[Justified] = set()
    for step in (step for step in sdk if step in ours):
        found = list(differences(_polled_once(sdk[step]), _polled_once(ours[step])))
        rows = [(each, _row(step, *each)) for each in found]
        unlisted = [f"{request}: {difference}" for (request, difference), row in rows if row is None]
        used.update(row for _, row in rows if row is not None)
        name = f"{step}: {len(ours[step])} requests as the SDK's" + (
            " but for listed differences" if found else ""
        )
        report.check(name, not unlisted, "\n          ".join(unlisted))
    idle = [f"{row.step} / {row.request} / {row.difference}" for row in table.justified() if row not in used]
    report.check("every row of the table of differences is needed", not idle, "; ".join(idle))
    alone = [step for step in sdk if step not in ours]
    if alone:
        report.note(f"our client has no call yet for: {', '.join(alone)}")


def _row(step: str, request: str, difference: str) -> Justified | None:
    return next((row for row in table.justified() if row.covers(step, request, difference)), None)


def _polled_once(requests: Sequence[Plain]) -> list[Plain]:
    """How often an operation is asked for depends on the clock: the same GET again at once counts once."""
    again = zip(requests, [None, *requests], strict=False)
    return [each for each, before in again if each.method != "GET" or str(each) != str(before)]


def differences(sdk: Sequence[Plain], ours: Sequence[Plain]) -> Iterator[Difference]:
    """Requests are paired by method and target, in order; pairs are compared by headers and body."""
    matcher = SequenceMatcher(None, [str(each) for each in sdk], [str(each) for each in ours], autojunk=False)
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind == "equal":
            for left, right in zip(sdk[start:end], ours[begin:stop], strict=True):
                yield from ((str(left), each) for each in _within(left, right))
        else:
            yield from ((str(each), f"request: {SDK}") for each in sdk[start:end])
            yield from ((str(each), f"request: {OURS}") for each in ours[begin:stop])


def _within(sdk: Plain, ours: Plain) -> Iterator[str]:
    for name in sorted({*sdk.headers, *ours.headers}):
        yield from _values(sdk.headers.get(name, ...), ours.headers.get(name, ...), f"header {name}")
    yield from _values(sdk.body, ours.body, "body")


def _values(sdk: Any, ours: Any, at: str) -> Iterator[str]:
    """Where two JSON values part: the deepest places, with what stands there."""
    if isinstance(sdk, dict) and isinstance(ours, dict):
        for name in sorted({*sdk, *ours}):
            yield from _values(sdk.get(name, ...), ours.get(name, ...), f"{at}.{name}")
    elif isinstance(sdk, list) and isinstance(ours, list) and len(sdk) == len(ours):
        for index, (left, right) in enumerate(zip(sdk, ours, strict=True)):
            yield from _values(left, right, f"{at}.{index}")
    elif sdk != ours:
        yield f"{at}: {_parting(sdk, ours)}"


def _parting(sdk: Any, ours: Any) -> str:
    if sdk is ...:
        return OURS
    if ours is ...:
        return SDK
    return f"the SDK has {str(sdk)[:200]!r}, our client {str(ours)[:200]!r}"

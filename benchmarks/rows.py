"""Rows of results.json: what was measured, against which baseline, and whether the promise holds."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Row:
    """One promise. A timing counts as `ratio` to a `baseline` of the same run; a count has neither."""

    target: str
    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    limit: float
    holds: bool


def count(target: str, name: str, value: int, limit: int) -> Row:
    """Return the row of a number that must not pass its limit."""
    return Row(target, name, value, "queries", None, None, limit, value <= limit)


def timing(target: str, name: str, seconds: list[float], baseline: list[float], limit: float) -> Row:
    """Return the row of a median time that must not pass `limit` times the baseline's median."""
    value, base = (statistics.median(times) * 1000 for times in (seconds, baseline))
    ratio = value / base
    return Row(target, name, round(value, 2), "ms", round(base, 2), round(ratio, 2), limit, ratio <= limit)


def keep(rows: Iterable[Row], targets: Iterable[str]) -> None:
    """Replace the rows of `targets` in results.json, and leave the others."""
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    kept = [row for row in before if row["target"] not in set(targets)]
    RESULTS.write_text(json.dumps([*kept, *map(asdict, rows)], indent=2) + "\n")


def table(rows: Iterable[Row]) -> str:
    """Return the rows as text, one a line."""
    lines = [f"{'target':8} {'what':38} {'value':>12} {'baseline':>10} {'ratio':>6} {'limit':>6}  holds"]
    for row in rows:
        measured = f"{row.value:g} {row.unit}"
        baseline = "" if row.baseline is None else f"{row.baseline:g} ms"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        verdict = "yes" if row.holds else "NO"
        lines.append(
            f"{row.target:8} {row.name:38} {measured:>12} {baseline:>10} {ratio:>6} {row.limit:>6g}  {verdict}"
        )
    return "\n".join(lines)

"""Bars per day as an SVG that the server draws: geometry here, look in the style sheet, words in the template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 1040, 200
LEFT, TOP, BASE = 64.0, 8.0, 176.0
#: At most so many lines above the base, and a date under every so many bars.
LINES, DATES = 4, 7
STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Bar:
    """One bar; `height` 0 draws none."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Group:
    """One day: what it stands for, where it lies, and its bars, that of real money before that of test money."""

    day: date
    x: float
    width: float
    middle: float
    labelled: bool
    real: Bar
    test: Bar
    real_micros: int
    test_micros: int


@dataclass(frozen=True)
class Line:
    """A line of the scale and the micros that it stands for."""

    y: float
    micros: int


@dataclass(frozen=True)
class Chart:
    """A chart of days. It is empty when nothing was spent on any of them."""

    groups: tuple[Group, ...]
    lines: tuple[Line, ...]
    highest: int
    width: int = WIDTH
    height: int = HEIGHT
    left: float = LEFT
    base: float = BASE

    @property
    def is_empty(self) -> bool:
        """Nothing was spent."""
        return self.highest == 0

    @property
    def label_y(self) -> int:
        """Where the dates stand."""
        return int(BASE) + 18


def days(values: Sequence[tuple[date, int, int]]) -> Chart:
    """Return the chart of (day, real micros, test micros), all on one scale."""
    highest = max((max(real, test) for _day, real, test in values), default=0)
    step = _step(highest)
    top = step * max(-(-highest // step), 1)
    lines = tuple(Line(_y(number * step, top), number * step) for number in range(top // step + 1))
    return Chart(tuple(_groups(values, top)), lines, highest)


def _groups(values: Sequence[tuple[date, int, int]], top: int) -> Iterator[Group]:
    width = (WIDTH - LEFT) / max(len(values), 1)
    every = max(len(values) // DATES, 1)
    for number, (day, real, test) in enumerate(values):
        x = LEFT + number * width
        bars = (
            _bar(x + width * 0.15, width * 0.4, real, top),
            _bar(x + width * 0.6, width * 0.25, test, top),
        )
        yield Group(
            day, _short(x), _short(width), _short(x + width / 2), number % every == 0, *bars, real, test
        )


def _bar(x: float, width: float, micros: int, top: int) -> Bar:
    """Return a bar; the smallest sum is still seen."""
    y = min(_y(micros, top), BASE - 1.5) if micros else BASE
    return Bar(_short(x), _short(y), _short(width), _short(BASE - y))


def _y(micros: int, top: int) -> float:
    return _short(BASE - (BASE - TOP) * micros / top)


def _short(value: float) -> float:
    return round(value, 1)


def _step(highest: int) -> int:
    """Return the distance of the lines: 1, 2 or 5 times a power of ten, so that there are few of them."""
    power = 1
    while True:
        for step in STEPS:
            if step * power * LINES >= highest:
                return step * power
        power *= 10

"""The two tables of README.md: steps that end otherwise, and differences between requests. Both carry their reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

README = Path(__file__).with_name("README.md")
STEPS_HEADING = "## Steps that end otherwise"
REQUESTS_HEADING = "## Requests that differ"


@dataclass(frozen=True)
class Explained:
    """A step that ends otherwise with the SDK: `answer` stands in what came, `row` is the contract's."""

    step: str
    answer: str
    row: str
    why: str

    def covers(self, step: str, complaint: str) -> bool:
        return step == self.step and self.answer in complaint


@dataclass(frozen=True)
class Justified:
    """Differences that are meant. `step`, `request` and `difference` may hold `*`."""

    step: str
    request: str
    difference: str
    why: str

    def covers(self, step: str, request: str, difference: str) -> bool:
        pairs = ((step, self.step), (request, self.request), (difference, self.difference))
        return all(fnmatchcase(text, pattern) for text, pattern in pairs)


@cache
def explained() -> tuple[Explained, ...]:
    return tuple(Explained(*cells) for cells in _rows(STEPS_HEADING))


@cache
def justified() -> tuple[Justified, ...]:
    return tuple(Justified(*cells) for cells in _rows(REQUESTS_HEADING))


def _rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table below `heading`, without its two head lines. Every row has four, all of them filled."""
    section = README.read_text().split(f"{heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if len(cells) != 4 or not all(cells):
            raise ValueError(f"{README.name}: a row needs four filled cells: {line}")
        yield cells

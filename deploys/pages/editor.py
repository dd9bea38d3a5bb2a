"""The page that edits the route table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import Refusal
from deploys import routing
from deploys.models import Release
from deploys.pages.routes import Note, RouteRow, route_rows
from deploys.table.checking import problems_of
from deploys.table.rows import Row, spare
from projects.models import Project
from run402.spec.routes import METHODS, MOST_ROUTES

#: Names of files offered while typing.
MOST_OFFERED = 200


@dataclass(frozen=True)
class EditorRow:
    """A row with what is wrong with it, or else what it hides and what goes before it."""

    row: Row
    problems: tuple[str, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class EditorPage:
    """The form. `refusal` is said above it; `checked` says that the rows were held against the rules."""

    project: Project
    release: Release
    rows: tuple[EditorRow, ...]
    count: int
    problems: tuple[str, ...]
    refusal: Refusal | None
    checked: bool
    json: str
    json_problem: str
    functions: tuple[str, ...]
    files: tuple[str, ...]
    methods: tuple[str, ...] = METHODS
    most: int = MOST_ROUTES

    @property
    def is_sound(self) -> bool:
        return not self.problems and not any(row.problems for row in self.rows)


def editor_page(
    project: Project,
    release: Release,
    rows: Sequence[Row],
    *,
    more: int,
    checked: bool,
    refusal: Refusal | None = None,
    json: str = "",
    json_problem: str = "",
) -> EditorPage:
    """Put the page together; `more` empty rows follow those that hold something."""
    site = routing.site_of(release.inventory)
    problems = problems_of(rows, site) if checked else {}
    notes = _notes(rows, site)
    filled = [EditorRow(row, tuple(problems.get(row.number, ())), notes.get(row.number, ())) for row in rows]
    empty = [EditorRow(row, (), ()) for row in spare(list(rows), more)]
    return EditorPage(
        project=project,
        release=release,
        rows=(*filled, *empty),
        count=len(rows),
        problems=tuple(problems.get(0, ())),
        refusal=refusal,
        checked=checked,
        json=json,
        json_problem=json_problem,
        functions=tuple(sorted(site.functions or ())),
        files=tuple(sorted(site.files or ())[:MOST_OFFERED]),
    )


def _notes(rows: Sequence[Row], site: routing.Site) -> Mapping[int, tuple[Note, ...]]:
    entries = routing.served(row.entry for row in rows if row.pattern.strip())
    shown: tuple[RouteRow, ...] = route_rows(entries, site)
    return {one.entry.place: one.notes[1:] for one in shown}

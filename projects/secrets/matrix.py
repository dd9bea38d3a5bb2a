"""The secrets of all projects, side by side: what each requires and what it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Page, Paginator

from projects.models import Project
from projects.secrets import selectors, services
from projects.secrets.pages import Row
from projects.selectors import may_work_on
from teams.models import Membership
from teams.permissions import Action

#: Columns of one page: as many as fit beside each other.
PER_PAGE = 8


@dataclass(frozen=True)
class Column:
    """One project. `may_set`: the member may set secrets of it here."""

    project: Project
    may_set: bool


@dataclass(frozen=True)
class Cell:
    """A name in a project; `row` None where it is neither required nor set."""

    column: Column
    row: Row | None


@dataclass(frozen=True)
class Line:
    """One name with a cell for each project."""

    key: str
    cells: tuple[Cell, ...]

    @property
    def is_missing(self) -> bool:
        return any(cell.row is not None and cell.row.is_missing for cell in self.cells)


@dataclass(frozen=True)
class MatrixPage:
    """Some projects with all their names, or with those alone that are missing somewhere."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    pages: Page[Project]
    missing: int
    only_missing: bool

    @property
    def many_gateways(self) -> bool:
        """The projects shown are not all at the same gateway, so each says at which."""
        return len({column.project.gateway_id for column in self.columns}) > 1


def matrix_page(membership: Membership, *, number: str, only_missing: bool) -> MatrixPage:
    """Put the page together, for all gateways; it reads the mirror alone."""
    pages = Paginator(selectors.with_secrets(membership.reach), PER_PAGE).get_page(number)
    projects = list(pages)
    rows = _rows(projects, membership)
    columns = tuple(
        Column(one, services.can_be_read(one) and may_work_on(one, membership, Action.SECRETS_SET))
        for one in projects
    )
    lines = [
        Line(key, tuple(Cell(column, rows.get((column.project.pk, key))) for column in columns))
        for key in sorted({key for _project, key in rows})
    ]
    return MatrixPage(
        columns=columns,
        lines=tuple(line for line in lines if line.is_missing or not only_missing),
        pages=pages,
        missing=sum(row.is_missing for row in rows.values()),
        only_missing=only_missing,
    )


def _rows(projects: list[Project], membership: Membership) -> Mapping[tuple[UUID, str], Row]:
    """Return what is set or required, by project and name."""
    needs = selectors.needs_of_all(projects, membership)
    present = {(one.project_id, one.key): one for one in selectors.secrets_of_all(projects)}
    required: Iterable[tuple[UUID, str]] = (
        (pk, name) for pk, found in needs.items() for need in found for name in need.names
    )
    return {
        (pk, key): Row(
            key,
            present.get((pk, key)),
            tuple(need for need in needs.get(pk, ()) if key in need.names),
            None,
        )
        for pk, key in {*present, *required}
    }

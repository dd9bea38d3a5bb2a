"""What the panel takes on its disk, as operators see it: what a worker measured last, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.text import capfirst

from core.registry import retentions
from operations import disk
from operations.models import DiskUse

#: Tables shown; the small ones are of no interest.
MOST_TABLES = 8


@dataclass(frozen=True)
class Freed:
    """What one retention would take away now."""

    label: str | Promise
    count: int
    size: int


@dataclass(frozen=True)
class Kept:
    """The last measurement: sizes, the largest tables, and what is due to go."""

    use: DiskUse
    tables: tuple[tuple[str, int], ...]
    due: tuple[Freed, ...]


def kept() -> Kept | None:
    """Return what was measured last; None when no worker has measured yet."""
    use = disk.last()
    if use is None:
        return None
    names = {model._meta.db_table: _name(model) for model in apps.get_models()}
    tables = tuple((names.get(table, table), count) for table, count in list(_largest(use))[:MOST_TABLES])
    due = tuple(
        Freed(retention.label, found["count"], found["size"])
        for name, retention in retentions.items()
        if (found := use.due.get(name))
    )
    return Kept(use, tables, due)


def _name(model: type[Model]) -> str:
    """Return what a table holds, with the room that it belongs to."""
    return f"{capfirst(model._meta.verbose_name_plural)} ({model._meta.app_label})"


def _largest(use: DiskUse) -> list[tuple[str, int]]:
    """Return the tables by their number of rows; the database keeps JSON in an order of its own."""
    return sorted(use.rows.items(), key=lambda row: (-row[1], row[0]))

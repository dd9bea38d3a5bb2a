"""Which tables are part of a backup. Every model has to be decided; tests/core/test_backup.py fails otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.registry import Registry

#: Takes out of a row, by name of column, what must not leave with it.
Scrub = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Table:
    """What becomes of one table. `left_out` says why it is no part of a backup; empty: it is one.

    `made_by_migrate`: the rows that `migrate` makes by itself give way to those of the backup.
    """

    left_out: str = ""
    scrub: Scrub | None = None
    made_by_migrate: bool = False


#: By label of the model, such as `wallets.Wallet`.
tables: Registry[Table] = Registry("table of a backup")


def keep(*labels: str) -> None:
    """Make these tables part of a backup, as they are."""
    for label in labels:
        tables.add(label, Table())


def leave_out(why: str, *labels: str) -> None:
    """Keep these tables out of a backup, for this reason."""
    for label in labels:
        tables.add(label, Table(left_out=why))


def kept() -> list[tuple[str, Table]]:
    """Return the tables that are part of a backup, by label."""
    return sorted(
        ((label, table) for label, table in tables.items() if not table.left_out), key=lambda item: item[0]
    )

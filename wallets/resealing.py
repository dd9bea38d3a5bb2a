"""Moves rows from older keys to the present one, row by row, while everything else goes on.

Each row is opened, sealed anew and written by compare and swap: whoever changed it meanwhile wins, and the next round
looks at it again. It can be stopped at any row and started again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db.models import Model

from wallets.sealed import MacColumn, Renewable, SealedColumn, Unrenewable, sealed_columns

MOST_ROUNDS = 20
TELL_EVERY = 100


@dataclass
class Tally:
    """How a re-sealing went: rows renewed, rows that somebody else changed meanwhile, rows that nothing opens."""

    renewed: int = 0
    passed: int = 0
    stuck: set[str] = field(default_factory=set)

    @property
    def seen(self) -> int:
        return self.renewed + self.passed


Tell = Callable[[str, Tally], None]


def reseal(
    keysets: tuple[str, ...] = ("vault", "policy"), *, per_second: float = 0, tell: Tell | None = None
) -> Tally:
    """Renew every row that another key than the present one covers; `per_second` 0 means as fast as it goes.

    Raises `Locked` when this process lacks a keyset that it needs.
    """
    tally = Tally()
    for name, column in sealed_columns.items():
        if isinstance(column, SealedColumn | MacColumn) and column.keyset in keysets:
            for _ in range(
                MOST_ROUNDS
            ):  # rows sealed with an older key during one round are found by the next
                if not _round(name, column, tally, per_second, tell):
                    break
    return tally


def _round(name: str, column: Renewable, tally: Tally, per_second: float, tell: Tell | None) -> int:
    """Renew what older keys cover now; return how many rows there were that opened."""
    before = tally.seen
    for row in _paced(column.rows_of(older_keys(column)), per_second):
        try:
            swapped = column.swap(row, column.renew(row))
        except Unrenewable as error:
            tally.stuck.add(str(error))
            continue
        tally.renewed, tally.passed = tally.renewed + swapped, tally.passed + (not swapped)
        if tell and tally.seen % TELL_EVERY == 0:
            tell(name, tally)
    return tally.seen - before


def _paced(rows: Iterator[Model], per_second: float) -> Iterator[Model]:
    for row in rows:
        yield row
        if per_second > 0:
            time.sleep(1 / per_second)


def older_keys(column: Renewable) -> list[int]:
    """Return the keys, known here or not, that cover rows of the column and are not the present one."""
    return [key_id for key_id in column.rows_per_key() if key_id not in (0, column.present_key())]


def unopened(keyset: str, key_ids: list[int]) -> tuple[int, list[str]]:
    """Return how many rows of these keys would be lost with them, and the names of those that are lost already."""
    open_, lost = 0, []
    for column in sealed_columns:
        if isinstance(column, SealedColumn | MacColumn) and column.keyset == keyset:
            for row in column.rows_of(key_ids):
                try:
                    column.renew(row)
                    open_ += 1
                except Unrenewable as error:
                    lost.append(str(error))
    return open_, lost

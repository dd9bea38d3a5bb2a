"""The registry of sealed columns: every place of the database where something stands that a keyset covers.

A room adds its columns in its `apps.py`. Rotation, `keysets_status` and the canary test walk them all, so a column
that is not here would become unreadable when its key is retired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.apps import apps
from django.db.models import BinaryField, Count, Model, QuerySet
from django.db.models.functions import Substr

from core.keysets import PREFIX_BYTES, key_id_of, prefix_of
from core.registry import Registry
from wallets import macs, vault
from wallets.vault import Context, Locked

BATCH = 100


class Column(Protocol):
    """What the registry holds. `keyset` is vault, policy or results."""

    @property
    def keyset(self) -> str: ...

    def rows_per_key(self) -> Counter[int]:
        """Return how many rows each key covers, by key id."""


class Unrenewable(Exception):
    """A row's value does not open with any key here, or is not genuine; it stays as it is."""


@dataclass(frozen=True)
class BinaryColumn:
    """A `BinaryField` whose values begin with Tink's prefix. `model` is a label such as `wallets.Wallet`."""

    model: str
    field: str
    related: tuple[str, ...] = ()

    def rows(self) -> QuerySet[Model]:
        """Return the rows that hold something."""
        rows = _model(self.model)._base_manager.exclude(**{self.field: b""})
        return rows.select_related(*self.related) if self.related else rows

    def rows_per_key(self) -> Counter[int]:
        prefix = Substr(self.field, 1, PREFIX_BYTES, output_field=BinaryField())
        found = self.rows().order_by().annotate(key_prefix=prefix).values_list("key_prefix")
        return _counted(found.annotate(number=Count("pk")))

    def rows_of(self, key_ids: Sequence[int]) -> Iterator[Model]:
        """Yield the rows that these keys cover, in batches, by primary key."""
        prefix = Substr(self.field, 1, PREFIX_BYTES, output_field=BinaryField())
        wanted = [prefix_of(key_id) for key_id in key_ids]
        rows = self.rows().annotate(key_prefix=prefix).filter(key_prefix__in=wanted).order_by("pk")
        batch = list(rows[:BATCH])
        while batch:
            yield from batch
            batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH])

    def swap(self, row: Model, new: bytes) -> bool:
        """Write the new value unless the row's has changed since it was read (compare and swap)."""
        rows, read = _model(self.model)._base_manager, bytes(getattr(row, self.field))
        return bool(rows.filter(pk=row.pk, **{self.field: read}).update(**{self.field: new}))


@dataclass(frozen=True)
class SealedColumn(BinaryColumn):
    """A column sealed to the workers. `contexts` returns the places a row's value may have been sealed for."""

    contexts: Callable[[Any], Sequence[Context]] = lambda row: ()
    keyset: str = "vault"

    def present_key(self) -> int:
        """Return the id of the key that new values are sealed with."""
        return vault.present_key()

    def open(self, row: Model) -> tuple[bytes, Context]:
        """Return the clear value and its place. Raises Unrenewable."""
        sealed = bytes(getattr(row, self.field))
        for context in self.contexts(row):
            try:
                return vault.unseal(sealed, context), context
            except Locked:
                if not vault.can_unseal():
                    raise
        raise Unrenewable(f"{self.model} {row.pk}: {self.field} does not open")

    def renew(self, row: Model) -> bytes:
        """Return the value, sealed with the present key. Raises Unrenewable."""
        return vault.seal(*self.open(row))


@dataclass(frozen=True)
class MacColumn(BinaryColumn):
    """A column of MACs made by workers. `covered` returns the bytes under a row's MAC."""

    covered: Callable[[Any], bytes] = lambda row: b""
    keyset: str = "policy"

    def present_key(self) -> int:
        """Return the id of the key that new MACs are made with."""
        return macs.present_key()

    def renew(self, row: Model) -> bytes:
        """Return a MAC by the present key. Raises Unrenewable when the present MAC does not hold."""
        covered = self.covered(row)
        if not macs.holds(bytes(getattr(row, self.field)), covered):
            raise Unrenewable(f"{self.model} {row.pk}: {self.field} is not genuine")
        return macs.compute(covered)


Renewable = SealedColumn | MacColumn
sealed_columns: Registry[Column] = Registry("sealed column")


def rows_per_key(keyset: str) -> dict[str, Counter[int]]:
    """Return the rows that each key of a keyset covers, by column."""
    return {name: column.rows_per_key() for name, column in sealed_columns.items() if column.keyset == keyset}


def rows_under(keyset: str, key_ids: Sequence[int]) -> dict[str, int]:
    """Return how many rows these keys still cover, by column; columns without any are left out."""
    counts = rows_per_key(keyset)
    found = {name: sum(counter[key_id] for key_id in key_ids) for name, counter in counts.items()}
    return {name: number for name, number in found.items() if number}


def _counted(found: Any) -> Counter[int]:
    counter: Counter[int] = Counter()
    for prefix, number in found:
        counter[key_id_of(bytes(prefix))] += number
    return counter


def _model(label: str) -> type[Model]:
    return apps.get_model(label)

"""Counting rows for people: up to a number beyond which nobody reads on, and several counts in one query."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import IntegerField, QuerySet, Subquery, Value

from core.ui.figures import COUNTED_TO


class Counted(Subquery):
    """How many rows a query finds, at most `most`, as a column of another query. `by` is all that is read of a row."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    empty_result_set_value = 0

    def __init__(self, rows: QuerySet[Any], most: int = COUNTED_TO + 1, by: str = "pk") -> None:
        super().__init__(rows.order_by().values(by)[:most])


def counts(*found: QuerySet[Any], most: int = COUNTED_TO + 1) -> list[int]:
    """Return how many rows each query finds, `most` where it would find more: the rest is not looked at."""
    parts: list[str] = []
    values: list[Any] = []
    for number, rows in enumerate(found):
        try:
            sql, own = rows.order_by().values(one=Value(1))[:most].query.sql_with_params()
        except EmptyResultSet:  # nothing can be found, such as what is within an empty reach
            parts.append("0")
        else:
            parts.append(f"(SELECT COUNT(*) FROM ({sql}) counted{number})")  # noqa: S608 - a statement of Django's
            values += own
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        return [int(count) for count in cursor.fetchone()]

"""Which rows of the database name a thing by its id."""

from __future__ import annotations

import functools
import operator
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from tests.security.matrix.furniture import Things


def mentions(things: Things) -> dict[str, int]:
    """Return, for each column that can hold an id, how many rows hold one of the things'."""
    ids = _ids(things)
    found = {}
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if _holds_ids(column) and (count := _count(model, column, ids)):
                found[f"{model.__name__}.{column.name}"] = count
    return found


def _ids(things: Things) -> list[UUID]:
    found = []
    for value in things.values():
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found


def _holds_ids(column: models.Field[object, object]) -> bool:
    target = column.target_field if isinstance(column, models.ForeignKey) else column
    return isinstance(target, models.UUIDField | models.JSONField)


def _count(model: type[models.Model], column: models.Field[object, object], ids: list[UUID]) -> int:
    rows = model._default_manager.all()
    named = Q(**{f"{column.name}__in": ids})
    if isinstance(column, models.JSONField):
        rows = rows.annotate(as_text=Cast(column.name, TextField()))
        named = functools.reduce(operator.or_, (Q(as_text__contains=str(pk)) for pk in ids))
    count: int = rows.filter(named).count()
    return count

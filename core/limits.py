"""How much one request may carry, and how many uploads one person may have under way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache

View = TypeVar("View", bound=Callable[..., Any])

UPLOADS_AT_ONCE = 2
#: A process that dies keeps its place taken for so long at most.
UPLOAD_SECONDS = 600


def body_limit(most: Callable[[], int]) -> Callable[[View], View]:
    """Let a view take bodies of up to `most()` bytes; everything else takes settings.BODY_MAX_BYTES."""

    def mark(view: View) -> View:
        view.body_limit = most  # type: ignore[attr-defined]  # read by `limit_of`
        return view

    return mark


def limit_of(view: Callable[..., Any]) -> int:
    """Return the most bytes that this view takes."""
    most: Callable[[], int] | None = getattr(view, "body_limit", None)
    return most() if most else int(settings.BODY_MAX_BYTES)


@contextlib.contextmanager
def upload_place(person: object) -> Iterator[bool]:
    """Take one of a person's places for uploads; False when all are taken.

    Each upload occupies one of web's few threads for as long as the person's line needs.
    """
    names = [f"upload:{person}:{number}" for number in range(UPLOADS_AT_ONCE)]
    taken = next((name for name in names if cache.add(name, 1, UPLOAD_SECONDS)), None)
    try:
        yield taken is not None
    finally:
        if taken is not None:
            cache.delete(taken)

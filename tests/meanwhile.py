"""A worker that writes while a page is read: at every point between two of the page's queries, one after another.

A page that shows what a worker writes has to show it as it was written, or to ask again. Which of its queries comes
first decides that, and nothing else finds out: the worker is rarely so quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone

from operations.models import Operation, State

Ask = Callable[[], Any]
#: More queries than any page takes, its session and what it puts in line included.
MOST_POINTS = 60


def ended(operation: Operation) -> None:
    """Write that an operation has ended well."""
    fields = {"state": State.SUCCEEDED, "started_at": operation.created_at, "finished_at": timezone.now()}
    Operation.objects.filter(pk=operation.pk).update(**fields)


def at_every_point(ask: Ask, end: Callable[[], object]) -> Iterator[tuple[int, HttpResponse]]:
    """Yield what `ask` answers when `end` is written before its first query, its second, and so on, with the number."""
    for point in range(1, MOST_POINTS):
        with transaction.atomic():
            moment = _Moment(point, end)
            with connection.execute_wrapper(moment):
                answer = ask()
            transaction.set_rollback(True)
        cache.clear()
        if not moment.over:
            return
        yield point, answer
    raise AssertionError("a page of so many queries is none of ours")


class _Moment:
    """Counts the queries of a page, and writes before one of them."""

    def __init__(self, point: int, write: Callable[[], object]) -> None:
        self.left, self.write, self.over = point, write, False

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        if not self.over:
            self.left -= 1
            if not self.left:
                self.over = True
                with transaction.atomic():
                    self.write()
        return execute(*args)


def stale(ask: Ask, end: Callable[[], object], *, fresh: str, follows: str = "data-poll") -> list[int]:
    """Return the points after which the answer neither shows what was written nor asks again; there should be none.

    `fresh` is what shows it. `follows` is part of what asks again, where a page has several such parts.
    """
    points = dict(at_every_point(ask, end))
    assert len(points) > 2, "a page that asks for nothing proves nothing"
    return [point for point, answer in points.items() if not _is_true(answer, fresh, follows)]


def _is_true(answer: HttpResponse, fresh: str, follows: str) -> bool:
    content = answer.content.decode()
    return answer.status_code == 204 or "HX-Refresh" in answer or follows in content or fresh in content

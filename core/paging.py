"""Pages of a list that may be very long: it is counted up to a thousand rows, and further ones are still reached."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import QuerySet

from core.ui.figures import COUNTED_TO

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator  # generic in its stubs alone


class LongPage(Page[Any]):
    """A page of a list whose end is not known."""

    def __init__(self, rows: list[Any], number: int, paginator: LongPaginator) -> None:
        super().__init__(rows[: paginator.per_page], number, paginator)
        self._more = len(rows) > paginator.per_page

    def has_next(self) -> bool:
        return self._more

    def end_index(self) -> int:
        return self.start_index() + len(self.object_list) - 1


class LongPaginator(_Paginator):
    """Django's paginator with a count that ends at COUNTED_TO; beyond it, a page knows whether there is a next one."""

    object_list: QuerySet[Any]

    @cached_property
    def _counted(self) -> int:
        return self.object_list.order_by()[: COUNTED_TO + 1].count()

    @property
    def count(self) -> int:
        """How many rows there are, COUNTED_TO where there are more."""
        return min(self._counted, COUNTED_TO)

    @property
    def is_longer(self) -> bool:
        """There are more than were counted."""
        return self._counted > COUNTED_TO

    def validate_number(self, number: int | float | str) -> int:
        if not self.is_longer:
            return super().validate_number(number)
        if not str(number).isdecimal() or len(str(number)) > 6:
            raise PageNotAnInteger("not the number of a page")
        if int(number) < 1:
            raise EmptyPage("before the first page")
        return int(number)

    def get_page(self, number: int | float | str | None) -> Page[Any]:
        """Return the page, or one that there is: the first for what is no number, the last counted beyond the end."""
        try:
            return self.page(1 if number is None else str(number))
        except PageNotAnInteger:
            return self.page(1)
        except EmptyPage:
            return self.page(self.num_pages)

    def page(self, number: int | str) -> Page[Any]:
        if not self.is_longer:
            return super().page(number)
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = list(self.object_list[first : first + self.per_page + 1])
        if not rows:
            raise EmptyPage("beyond the last page")
        return LongPage(rows, number, self)

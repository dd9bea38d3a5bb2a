"""Sizes, counts and shares as people read them."""

from django.utils.translation import gettext as _

STEP = 1000


def size(count: int) -> str:
    """Return `8.2 KB`. Decimal units (1 KB = 1,000 bytes), as browsers and object stores count them."""
    if count < STEP:
        return _("%(n)s B") % {"n": count}
    value = float(count)
    for unit in ("KB", "MB", "GB"):
        value /= STEP
        if value < STEP:
            return f"{_three_digits(value)} {unit}"
    return f"{_three_digits(value / STEP)} TB"


def _three_digits(value: float) -> str:
    """Return one decimal below ten, none above a hundred."""
    text = f"{value:.1f}" if value < 100 else f"{value:.0f}"
    return text.removesuffix(".0")


#: Rows that are shown as a figure are counted up to here, so that a page is as fast when there are many more.
COUNTED_TO = 1000


def counted(count: int) -> str:
    """Return the words for rows of which no more than COUNTED_TO and one were counted: “1,000+” for many."""
    return f"{grouped(COUNTED_TO)}+" if count > COUNTED_TO else grouped(count)


def grouped(count: int) -> str:
    """Return `1,284,000`."""
    return f"{count:,}"


def percent(value: float, whole: float) -> float:
    """Return the share in percent between 0 and 100, one decimal; 0 when there is no whole."""
    if whole <= 0:
        return 0.0
    return round(min(max(value / whole, 0), 1) * 100, 1)

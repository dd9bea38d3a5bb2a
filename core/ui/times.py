"""Times as people read them: how long ago, how long it took, and exactly when."""

from datetime import datetime

from django.utils import dateformat, timezone
from django.utils.translation import gettext_lazy

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 604_800
LONG_AGO = 8 * WEEK

# One vocabulary for both sides: the page hands these words to time.js and elapsed.js, which go on from what the server
# wrote.
WORDS = {
    "now": gettext_lazy("just now"),
    "soon": gettext_lazy("now"),
    "ago-s": gettext_lazy("{n} s ago"),
    "ago-m": gettext_lazy("{n} min ago"),
    "ago-h": gettext_lazy("{n} h ago"),
    "ago-1": gettext_lazy("yesterday"),
    "ago-d": gettext_lazy("{n} d ago"),
    "ago-w": gettext_lazy("{n} wk ago"),
    "in-s": gettext_lazy("in {n} s"),
    "in-m": gettext_lazy("in {n} min"),
    "in-h": gettext_lazy("in {n} h"),
    "in-1": gettext_lazy("tomorrow"),
    "in-d": gettext_lazy("in {n} d"),
    "in-w": gettext_lazy("in {n} wk"),
    "took-s": gettext_lazy("{n} s"),
    "took-m": gettext_lazy("{n} min"),
    "took-h": gettext_lazy("{n} h"),
    "took-d": gettext_lazy("{n} d"),
}


def relative(moment: datetime, *, now: datetime | None = None) -> str:
    """Return `3 h ago`, `yesterday`, `in 12 min`; a plain date when more than eight weeks lie between."""
    seconds = ((now or timezone.now()) - moment).total_seconds()
    if abs(seconds) >= LONG_AGO:
        return dateformat.format(timezone.localtime(moment), "j M Y")
    if abs(seconds) < 5:
        return str(WORDS["now" if seconds >= 0 else "soon"])
    return _distance("ago" if seconds > 0 else "in", abs(seconds))


def _distance(direction: str, seconds: float) -> str:
    """Return the words for a distance of less than eight weeks; the steps are those of time.js."""
    for limit, unit, size in (
        (MINUTE, "s", 1),
        (HOUR, "m", MINUTE),
        (DAY, "h", HOUR),
        (2 * DAY, "1", DAY),
        (2 * WEEK, "d", DAY),
        (LONG_AGO, "w", WEEK),
    ):
        if seconds < limit:
            return str(WORDS[f"{direction}-{unit}"]).replace("{n}", str(int(seconds // size)))
    raise ValueError(f"{seconds} s is more than eight weeks")


def exactly(moment: datetime) -> str:
    """Return `22 Nov 2026, 10:42:07 UTC` in the reader's time zone."""
    return dateformat.format(timezone.localtime(moment), "j M Y, H:i:s T")


def duration(seconds: float) -> str:
    """Return `0.4 s`, `38 s`, `2 min 5 s`, `1 h 3 min`, `3 d 4 h`: two units at most."""
    if seconds < 10:
        return _took("s", f"{max(seconds, 0):.1f}")
    whole = round(seconds)
    if whole < MINUTE:
        return _took("s", whole)
    if whole < HOUR:
        return _two(whole, MINUTE, "m", 1, "s")
    if whole < DAY:
        return _two(whole, HOUR, "h", MINUTE, "m")
    return _two(whole, DAY, "d", HOUR, "h")


def _two(seconds: int, big: int, big_unit: str, small: int, small_unit: str) -> str:
    """Return the big unit, and the small one unless it is zero; the steps are those of elapsed.js."""
    first = _took(big_unit, seconds // big)
    rest = seconds % big // small
    return f"{first} {_took(small_unit, rest)}" if rest else first


def _took(unit: str, number: int | str) -> str:
    return str(WORDS[f"took-{unit}"]).replace("{n}", str(number))

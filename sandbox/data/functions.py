"""PostgreSQL's functions for one SQLite connection: SQLite calls back into these."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.data import kinds
from sandbox.data.errors import SqlError


@dataclass(frozen=True)
class Caller:
    """Who runs a statement. `role` is anon, authenticated or service_role; `uid` the signed-in user."""

    role: str = "service_role"
    uid: str | None = None

    @property
    def is_service(self) -> bool:
        return self.role == "service_role"


@dataclass
class Session:
    """What functions need to know; `error` is the reason of the last one that failed, since SQLite drops it."""

    caller: Caller = Caller()
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    error: SqlError | None = None


def install(connection: sqlite3.Connection, session: Session) -> None:
    def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*values: Any) -> Any:
            try:
                return function(*values)
            except SqlError as error:
                session.error = error
                raise

        return run

    def add(name: str, count: int, function: Callable[..., Any], *, fixed: bool = True) -> None:
        connection.create_function(name, count, guarded(function), deterministic=fixed)

    for name, count, function in _PURE:
        add(name, count, function)
    add("pg_now", 0, lambda: kinds.moment_text(session.now), fixed=False)
    add("pg_uuid", 0, lambda: str(uuid.uuid4()), fixed=False)
    add("pg_uid", 0, lambda: session.caller.uid, fixed=False)
    add("pg_role", 0, lambda: session.caller.role, fixed=False)


_UNITS = {"microsecond": 1e-6, "millisecond": 1e-3, "second": 1, "minute": 60, "hour": 3600, "day": 86400}
_UNITS |= {"week": 7 * 86400, "sec": 1, "min": 60, "hr": 3600, "mon": -1, "month": -1, "year": -12}
_STEP = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([a-z]+?)s?(?=\s|$|,)", re.IGNORECASE)


def _shift(value: Any, interval: str, sign: int) -> str | None:
    """A moment moved by an interval such as '7 days' or '1 month 2 hours'."""
    if value is None:
        return None
    moved = kinds.moment(value)
    steps = _STEP.findall(interval)
    if not steps or _STEP.sub("", interval).strip(" ,"):
        raise SqlError("22007", f'invalid input syntax for type interval: "{interval}"')
    for amount, unit in steps:
        size = _UNITS.get(unit.lower())
        if size is None:
            raise SqlError("22007", f'invalid input syntax for type interval: "{interval}"')
        count = sign * float(amount)
        moved = _months(moved, int(count * -size)) if size < 0 else moved + timedelta(seconds=count * size)
    return kinds.moment_text(moved)


def _months(value: datetime, count: int) -> datetime:
    """The same day some months away, or that month's last day."""
    year, month = divmod(value.year * 12 + value.month - 1 + count, 12)
    first = value.replace(year=year, month=month + 1, day=1)
    last = ((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).day
    return first.replace(day=min(value.day, last))


def _trunc(unit: str, value: Any) -> str | None:
    if value is None:
        return None
    found = kinds.moment(value)
    zero: dict[str, dict[str, int]] = {"second": {"microsecond": 0}}
    zero["minute"] = {**zero["second"], "second": 0}
    zero["hour"] = {**zero["minute"], "minute": 0}
    zero["day"] = zero["week"] = {**zero["hour"], "hour": 0}
    zero["month"] = {**zero["day"], "day": 1}
    zero["year"] = {**zero["month"], "month": 1}
    fields = zero.get(unit.lower())
    if fields is None:
        raise SqlError("22023", f'unit "{unit}" not recognized for type timestamp with time zone')
    if unit.lower() == "week":
        found -= timedelta(days=found.weekday())
    return kinds.moment_text(found.replace(**fields))  # type: ignore[arg-type] # integers only


def _part(unit: str, value: Any) -> float | int | None:
    if value is None:
        return None
    found, name = kinds.moment(value), unit.lower()
    special: dict[str, Callable[[], float | int]] = {
        "epoch": found.timestamp,
        "dow": lambda: found.isoweekday() % 7,
        "isodow": found.isoweekday,
        "doy": lambda: found.timetuple().tm_yday,
        "week": lambda: found.isocalendar().week,
        "quarter": lambda: (found.month + 2) // 3,
        "second": lambda: found.second + found.microsecond / 1e6,
    }
    if name in special:
        return special[name]()
    if name in ("year", "month", "day", "hour", "minute"):
        return int(getattr(found, name))
    raise SqlError("22023", f'unit "{unit}" not recognized for type timestamp with time zone')


def _regex(text: Any, pattern: Any, ignore_case: int) -> int | None:
    if text is None or pattern is None:
        return None
    try:
        return int(re.search(str(pattern), str(text), re.IGNORECASE if ignore_case else 0) is not None)
    except re.error as error:
        raise SqlError("2201B", f"invalid regular expression: {error}") from error


def _split_part(text: Any, separator: Any, number: Any) -> str | None:
    if None in (text, separator, number):
        return None
    pieces = str(text).split(str(separator)) if separator else [str(text)]
    index = int(number) - 1 if int(number) > 0 else int(number)
    return pieces[index] if -len(pieces) <= index < len(pieces) else ""


def _left(text: Any, count: Any) -> str | None:
    return None if text is None or count is None else str(text)[: int(count)]


def _right(text: Any, count: Any) -> str | None:
    if text is None or count is None:
        return None
    whole = str(text)
    return whole[max(len(whole) - int(count), 0) :] if count >= 0 else whole[-int(count) :]


def _most(values: tuple[Any, ...], choose: Callable[[list[Any]], Any]) -> Any:
    known = [value for value in values if value is not None]
    return choose(known) if known else None


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _on_text(function: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else function(str(value))


def _keys(value: str) -> int | None:
    items = json.loads(value)
    if not isinstance(items, list):
        raise SqlError("22023", "cannot get array length of a non-array")
    return len(items)


_PURE: list[tuple[str, int, Callable[..., Any]]] = [
    ("pg_cast", 2, kinds.cast),
    ("pg_shift", 3, _shift),
    ("pg_trunc", 2, _trunc),
    ("pg_part", 2, _part),
    ("pg_regex", 3, _regex),
    ("pg_split_part", 3, _split_part),
    ("pg_left", 2, _left),
    ("pg_right", 2, _right),
    ("pg_greatest", -1, lambda *values: _most(values, max)),
    ("pg_least", -1, lambda *values: _most(values, min)),
    ("pg_concat", -1, lambda *values: "".join(map(_text, values))),
    ("pg_concat_ws", -1, lambda gap, *values: _text(gap).join(str(v) for v in values if v is not None)),
    ("pg_strpos", 2, lambda text, part: None if None in (text, part) else str(text).find(str(part)) + 1),
    ("pg_json_array_length", 1, _on_text(_keys)),
    ("lower", 1, _on_text(str.lower)),
    ("upper", 1, _on_text(str.upper)),
    ("pg_initcap", 1, _on_text(lambda text: re.sub(r"\w+", lambda word: word[0].capitalize(), text))),
    ("pg_reverse", 1, _on_text(lambda text: text[::-1])),
    ("pg_md5", 1, _on_text(lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())),
    ("pg_floor", 1, lambda value: None if value is None else int(value // 1)),
    ("pg_ceil", 1, lambda value: None if value is None else int(-(-value // 1))),
]

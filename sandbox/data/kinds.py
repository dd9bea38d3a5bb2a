"""PostgreSQL types over SQLite's: how each is stored, and how a value becomes one.

Stored forms compare as PostgreSQL compares them: moments are UTC text of one length, uuids are lower case,
booleans are 0 and 1, JSON is text. `numeric` is a double, rounded to its scale.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from sandbox.data.errors import SqlError, invalid_text

Stored = str | int | float | None
BOOLEAN = "boolean"
_INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_DECLARED = {
    "smallint": "INTEGER",
    "integer": "INTEGER",
    "bigint": "INTEGER",
    "real": "REAL",
    "double precision": "REAL",
    "numeric": "NUMERIC",
    BOOLEAN: "BOOLEAN",
    "json": "JSON TEXT",
    "jsonb": "JSONB TEXT",
}
_TRUE = {"t", "true", "y", "yes", "on", "1"}
_FALSE = {"f", "false", "n", "no", "off", "0"}
_NAMED = re.compile(r"([a-z ]+?)(?:\((\d+)(?:,\s*(\d+))?\))?")


@dataclass(frozen=True)
class Type:
    """`name` as PostgreSQL prints it, without length; `sizes` the numbers in parentheses."""

    name: str
    sizes: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({','.join(map(str, self.sizes))})" if self.sizes else self.name

    @property
    def declared(self) -> str:
        """What SQLite is told: the first word chooses the converter, the rest the affinity."""
        return _DECLARED.get(self.name, "TEXT")

    @property
    def is_json(self) -> bool:
        return self.name in ("json", "jsonb")

    def store(self, value: object) -> Stored:
        """The stored form of a value. Raises SqlError when it is none of this type."""
        if value is None:
            return None
        if self.name in _INTEGERS:
            return _integer(self.name, value)
        return _STORE[self.name](self, value)


@lru_cache(maxsize=256)
def parse_type(text: str) -> Type:
    """The type that `str(Type)` made."""
    found = _NAMED.fullmatch(text)
    if not found:
        raise ValueError(f"no type: {text}")
    return Type(found[1], tuple(int(size) for size in found.groups()[1:] if size))


def cast(type_text: str, value: object) -> Stored:
    return parse_type(type_text).store(value)


def _integer(name: str, value: object) -> int:
    try:
        number = int(value) if isinstance(value, int) else _whole(value)
    except (ValueError, InvalidOperation) as error:
        raise invalid_text(name, value) from error
    if not -_INTEGERS[name] <= number < _INTEGERS[name]:
        raise SqlError("22003", f'value "{value}" is out of range for type {name}')
    return number


def _whole(value: object) -> int:
    if isinstance(value, float):
        return int(Decimal(value).to_integral_value(ROUND_HALF_EVEN))
    if not isinstance(value, str):
        raise ValueError("no number")
    return int(value)


def _boolean(kind: Type, value: object) -> int:
    if value in (0, 1):
        return int(bool(value))
    text = str(value).strip().lower()
    if text in _TRUE | _FALSE:
        return int(text in _TRUE)
    raise invalid_text(kind.name, value)


def _float(kind: Type, value: object) -> float:
    try:
        return float(str(value))
    except ValueError as error:
        raise invalid_text(kind.name, value) from error


def _numeric(kind: Type, value: object) -> float | int:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise invalid_text(kind.name, value) from error
    if not number.is_finite():
        raise invalid_text(kind.name, value)
    if kind.sizes:
        precision, scale = kind.sizes[0], (*kind.sizes, 0)[1]
        number = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
        if abs(number) >= Decimal(10) ** (precision - scale):
            raise SqlError("22003", "numeric field overflow")
    return int(number) if number == number.to_integral_value() and abs(number) < 2**63 else float(number)


def _text(kind: Type, value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if kind.name != "text" and kind.sizes and len(text) > kind.sizes[0]:
        raise SqlError("22001", f"value too long for type {kind}")
    if "\x00" in text:
        raise SqlError("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return text


def _json(kind: Type, value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":"))
    except ValueError as error:
        raise invalid_text("json", value) from error


def _uuid(kind: Type, value: object) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError as error:
        raise invalid_text(kind.name, value) from error


def moment(value: object) -> datetime:
    """The moment in UTC that a stored or written text means; without a zone it counts as UTC."""
    try:
        found = datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise SqlError(
            "22007", f'invalid input syntax for type timestamp with time zone: "{value}"'
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def moment_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _timestamptz(kind: Type, value: object) -> str:
    return moment_text(moment(value))


def _timestamp(kind: Type, value: object) -> str:
    return moment(value).replace(tzinfo=None).isoformat(timespec="microseconds")


def _date(kind: Type, value: object) -> str:
    return date.isoformat(moment(value).date())


def _time(kind: Type, value: object) -> str:
    try:
        return time.fromisoformat(str(value).strip()).replace(tzinfo=None).isoformat()
    except ValueError as error:
        raise invalid_text("time", value) from error


_STORE: dict[str, Callable[[Type, object], Stored]] = {
    BOOLEAN: _boolean,
    "real": _float,
    "double precision": _float,
    "numeric": _numeric,
    "text": _text,
    "character varying": _text,
    "character": _text,
    "uuid": _uuid,
    "json": _json,
    "jsonb": _json,
    "timestamp with time zone": _timestamptz,
    "timestamp without time zone": _timestamp,
    "date": _date,
    "time without time zone": _time,
}

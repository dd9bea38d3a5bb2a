"""Tolerant reading of answer documents.

Each reader takes a field by its snake_case name and accepts the camelCase spelling too (the dialects differ,
wire README). A field of the wrong type reads as absent; only ``need_*`` insist, with BadAnswer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from run402.errors import BadAnswer

Document = dict[str, Any]

MAX_INTEGER = 2**63 - 1  # what a database column holds


def field(doc: Mapping[str, Any], name: str) -> Any:
    """The value under ``name``, or under its camelCase spelling, or None."""
    if name in doc:
        return doc[name]
    head, *rest = name.split("_")
    return doc.get(head + "".join(part.capitalize() for part in rest))


def text(doc: Mapping[str, Any], *names: str) -> str | None:
    """The first non-empty string among ``names``."""
    return next((value for name in names if isinstance(value := field(doc, name), str) and value), None)


def need_text(doc: Mapping[str, Any], *names: str) -> str:
    """Like ``text``, but an answer without it is a BadAnswer."""
    value = text(doc, *names)
    if value is None:
        raise BadAnswer(f"The gateway's answer has no “{names[0]}”.", details={"field": names[0]})
    return value


def number(doc: Mapping[str, Any], *names: str) -> int | None:
    """The first integer among ``names`` that fits 64 bits; a float counts when it is whole."""
    return next((value for name in names if (value := _integer(field(doc, name))) is not None), None)


def need_number(doc: Mapping[str, Any], *names: str) -> int:
    """Like ``number``, but an answer without it is a BadAnswer."""
    value = number(doc, *names)
    if value is None:
        raise BadAnswer(f"The gateway's answer has no number “{names[0]}”.", details={"field": names[0]})
    return value


def flag(doc: Mapping[str, Any], name: str) -> bool | None:
    """The boolean under ``name``, or None."""
    value = field(doc, name)
    return value if isinstance(value, bool) else None


def moment(doc: Mapping[str, Any], *names: str) -> datetime | None:
    """An ISO-8601 time as an aware datetime; a time without a zone is UTC (contract: identity 0)."""
    value = text(doc, *names)
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def mapping(doc: Mapping[str, Any], name: str) -> Document:
    """The object under ``name``, or an empty one."""
    return optional_mapping(doc, name) or {}


def optional_mapping(doc: Mapping[str, Any], name: str) -> Document | None:
    """The object under ``name``, or None."""
    value = field(doc, name)
    return value if isinstance(value, dict) else None


def documents(doc: Mapping[str, Any], name: str) -> tuple[Document, ...]:
    """The objects in the list under ``name``; anything else in it is left out."""
    value = field(doc, name)
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def strings(doc: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The strings in the list under ``name``."""
    value = field(doc, name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def string_map(doc: Mapping[str, Any], name: str) -> dict[str, str]:
    """The object under ``name``, only its string values."""
    return {key: value for key, value in mapping(doc, name).items() if isinstance(value, str)}


def _integer(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and -MAX_INTEGER <= value <= MAX_INTEGER
    return value if fits else None

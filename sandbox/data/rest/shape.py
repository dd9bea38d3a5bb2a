"""What a PostgREST address asks to see: columns, counts, order, and which slice of the rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.data.catalog import quote
from sandbox.data.errors import SqlError, Unsupported
from sandbox.data.rest.casts import CASTS
from sandbox.data.rest.filters import column_sql, not_parsed, split
from sandbox.data.rows import Relation

_ITEM = re.compile(
    r"(?:(?P<alias>[^:,()]+):(?!:))?(?P<name>[^:()]*?)(?:\.?(?P<total>count|sum|avg|min|max)\(\))?"
    r"(?:::(?P<cast>[a-z0-9 ]+))?"
)
_ORDER = re.compile(r"(?P<name>.+?)(?:\.(?P<way>asc|desc))?(?:\.(?P<nulls>nullsfirst|nullslast))?")


@dataclass(frozen=True)
class Shown:
    """A SELECT list; `kinds` are types, by position, that SQLite does not tell; `groups` the GROUP BY."""

    sql: str
    kinds: dict[int, str]
    groups: str = ""


def read_select(relation: Relation, text: str | None) -> Shown:
    """Raises SqlError, or Unsupported for embedded tables."""
    items = split(re.sub(r"\s+", " ", text)) if text else ["*"]
    parts: list[str] = []
    kinds: dict[int, str] = {}
    plain: list[str] = []
    totals = False
    for item in items:
        if item.strip() == "*":
            parts += map(quote, relation.columns)
            plain += map(quote, relation.columns)
            continue
        sql, kind, is_total = _item(relation, item.strip())
        totals = totals or is_total
        if kind:
            kinds[len(parts)] = kind
        if not is_total:
            plain.append(sql.rpartition(" AS ")[0])
        parts.append(sql)
    groups = f" GROUP BY {', '.join(plain)}" if totals and plain else ""
    return Shown(", ".join(parts), kinds, groups)


def _item(relation: Relation, text: str) -> tuple[str, str | None, bool]:
    """SQL, the type where it has to be told, and whether it counts or sums up."""
    if text == "count" and "count" not in relation.columns:
        text = "count()"
    found = _ITEM.fullmatch(text)
    if not found:
        if "(" in text:
            raise Unsupported(f"embedding other tables: '{text}'")
        raise not_parsed(text)
    name, total, cast = found["name"], found["total"], found["cast"]
    if total and not name:
        target = "*" if total == "count" else ""
    else:
        target = column_sql(relation, name)
    if not target:
        raise not_parsed(text)
    sql = f"{total}({target})" if total else target
    alias = found["alias"] or total or re.split(r"->>?", name)[-1]
    kind = "jsonb" if "->" in name and "->>" not in name else None
    if cast:
        if cast not in CASTS:
            raise Unsupported(f"the cast to {cast}")
        sql, kind = (
            f"pg_cast('{CASTS[cast]}', {sql})",
            CASTS[cast] if CASTS[cast] in ("boolean", "jsonb") else None,
        )
    return f"{sql} AS {quote(alias.strip())}", kind, bool(total)


def read_order(relation: Relation, text: str | None) -> str:
    """ORDER BY; without a word on nulls they come last ascending and first descending, as in PostgreSQL."""
    parts = []
    for item in split(text) if text else []:
        found = _ORDER.fullmatch(item.strip())
        if not found:
            raise not_parsed(item)
        way = found["way"] or "asc"
        nulls = found["nulls"] or ("nullslast" if way == "asc" else "nullsfirst")
        place = "FIRST" if nulls == "nullsfirst" else "LAST"
        parts.append(f"{column_sql(relation, found['name'])} {way.upper()} NULLS {place}")
    return f" ORDER BY {', '.join(parts)}" if parts else ""


@dataclass(frozen=True)
class Slice:
    offset: int = 0
    limit: int | None = None

    @property
    def sql(self) -> str:
        if self.limit is None and not self.offset:
            return ""
        return f" LIMIT {-1 if self.limit is None else self.limit} OFFSET {self.offset}"

    def content_range(self, count: int, total: int | None) -> str:
        """`0-9/100`: the rows that are answered, and all that there are where that was asked."""
        rows = f"{self.offset}-{self.offset + count - 1}" if count else "*"
        return f"{rows}/{'*' if total is None else total}"


def read_slice(parameters: Mapping[str, str], header: str | None) -> Slice:
    """From `limit` and `offset`, or from a Range header. Raises SqlError."""
    if "limit" in parameters or "offset" in parameters:
        limit = _number(parameters["limit"]) if "limit" in parameters else None
        return Slice(_number(parameters.get("offset", "0")), limit)
    found = re.fullmatch(r"(?:items=)?(\d+)-(\d*)", header or "")
    if not found:
        return Slice()
    first = int(found[1])
    if found[2] and int(found[2]) < first:
        raise SqlError(
            "PGRST103", "Requested range not satisfiable", details="The lower boundary is above the upper."
        )
    return Slice(first, int(found[2]) - first + 1 if found[2] else None)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise SqlError("PGRST100", f'"failed to parse ({text})" (line 1, column 1)')
    return int(text)

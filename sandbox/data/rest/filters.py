"""Conditions of a PostgREST address: `age=gte.18`, `not.is.null`, `or=(a.eq.1,and(b.gt.2,c.is.null))`."""

from __future__ import annotations

import re
from typing import Any

from sandbox.data.catalog import quote
from sandbox.data.errors import SqlError, Unsupported
from sandbox.data.kinds import BOOLEAN
from sandbox.data.rows import Relation

_COMPARE = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_KNOWN = {*_COMPARE, "like", "ilike", "is", "in", "match", "imatch"}
_ELSEWHERE = {
    "cs",
    "cd",
    "ov",
    "sl",
    "sr",
    "nxr",
    "nxl",
    "adj",
    "fts",
    "plfts",
    "phfts",
    "wfts",
    "isdistinct",
}
_IS = {"null": "NULL", "true": "1", "false": "0", "unknown": "NULL"}


def not_parsed(text: str) -> SqlError:
    return SqlError("PGRST100", f'"failed to parse filter ({text})" (line 1, column 1)')


class Conditions:
    """Collects SQL and its values. Column names are checked against the relation, values bound."""

    def __init__(self, relation: Relation) -> None:
        self._relation = relation
        self.values: dict[str, Any] = dict(relation.values)
        self._parts = [relation.condition]

    def bind(self, value: Any) -> str:
        name = f"r{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    @property
    def sql(self) -> str:
        return " AND ".join(f"({part})" for part in self._parts)

    def add(self, name: str, text: str) -> None:
        """One query parameter. Raises SqlError or Unsupported."""
        negated = name.startswith("not.")
        if name.removeprefix("not.") in ("and", "or"):
            part = self._group(name.removeprefix("not."), text)
            self._parts.append(f"NOT ({part})" if negated else part)
        else:
            self._parts.append(self._filter(name, text))

    def _group(self, joiner: str, text: str) -> str:
        if not (text.startswith("(") and text.endswith(")")):
            raise not_parsed(text)
        pieces = [self._logical(piece) for piece in split(text[1:-1])]
        return f" {joiner.upper()} ".join(f"({piece})" for piece in pieces)

    def _logical(self, text: str) -> str:
        found = re.match(r"(not\.)?(and|or)(\(.*\))$", text, re.DOTALL)
        if found:
            part = self._group(found[2], found[3])
            return f"NOT ({part})" if found[1] else part
        column, dot, rest = text.partition(".")
        if not dot:
            raise not_parsed(text)
        return self._filter(column, rest)

    def _filter(self, name: str, text: str) -> str:
        operator, dot, value = text.partition(".")
        if operator == "not" and dot:
            return f"NOT ({self._filter(name, value)})"
        operator = operator.split("(")[0]
        if operator in _ELSEWHERE:
            raise Unsupported(f"the filter '{operator}'")
        if operator not in _KNOWN or not dot:
            raise not_parsed(text)
        return self._compared(name, operator, value)

    def _compared(self, name: str, operator: str, value: str) -> str:
        target = column_sql(self._relation, name)
        if operator == "is":
            return self._is(name, target, value)
        if operator == "in":
            return self._in(name, target, value)
        if operator in ("match", "imatch"):
            return f"pg_regex({target}, {self.bind(value)}, {int(operator == 'imatch')})"
        if operator in ("like", "ilike"):
            pattern = self.bind(value.replace("*", "%"))
            sides = (target, pattern) if operator == "like" else (f"lower({target})", f"lower({pattern})")
            return f"{sides[0]} LIKE {sides[1]} ESCAPE '\\'"
        return f"{target} {_COMPARE[operator]} {self.bind(self._typed(name, unquoted(value)))}"

    def _is(self, name: str, target: str, value: str) -> str:
        word = value.lower()
        if word == "not_null":
            return f"{target} IS NOT NULL"
        if word not in _IS:
            raise not_parsed(f"is.{value}")
        if word in ("true", "false") and self._kind_name(name) != BOOLEAN:
            raise SqlError("42804", f"argument of IS {word.upper()} must be type boolean")
        return f"{target} IS {_IS[word]}"

    def _in(self, name: str, target: str, value: str) -> str:
        if not (value.startswith("(") and value.endswith(")")):
            raise not_parsed(f"in.{value}")
        items = [self.bind(self._typed(name, unquoted(item))) for item in split(value[1:-1])]
        return f"{target} IN ({', '.join(items)})"

    def _kind_name(self, name: str) -> str:
        return "" if "->" in name else self._relation.table.column(name).type.name

    def _typed(self, name: str, text: str) -> Any:
        if "->" in name:
            return text
        return self._relation.table.column(name).type.store(text)


def column_sql(relation: Relation, name: str) -> str:
    """A column, or a path into a JSON one (`data->address->>city`). Raises SqlError for what is not shown."""
    base, *steps = re.split(r"(->>|->)", name)
    if base not in relation.columns:
        raise SqlError("42703", f"column {relation.name}.{base} does not exist")
    text = quote(base)
    if len(steps) % 2:
        raise not_parsed(name)
    for arrow, key in zip(steps[::2], steps[1::2], strict=True):
        if not re.fullmatch(r"-?\d+|[A-Za-z_][\w -]*", key):
            raise not_parsed(name)
        step = key if re.fullmatch(r"-?\d+", key) else f"'{key}'"
        text = f"{text} {arrow} {step}"
    return f"({text})" if steps else text


def split(text: str) -> list[str]:
    """The parts of a list; commas inside quotes and parentheses do not count."""
    parts, depth, quoted, current, escaped = [], 0, False, "", False
    for letter in text:
        if escaped or (quoted and letter == "\\"):
            escaped = not escaped
        elif letter == '"':
            quoted = not quoted
        elif not quoted:
            depth += (letter == "(") - (letter == ")")
        if letter == "," and not quoted and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += letter
    if quoted or depth:
        raise not_parsed(text)
    return [*parts, current] if text else []


def unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text

"""A route as it stands in the editor's fields, and back (contract: apply 2.3.7, 4.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal
from deploys.routing import Entry, entry_of, served
from run402 import jsontext
from run402.spec.routes import METHODS

#: Empty rows at the end of the form, and how many “More rows” adds.
SPARE = 3
#: The most rows that the form takes: it says what is wrong with a table of more than a hundred.
MOST_FIELDS = 120
_FIELDS = ("pattern", "methods", "type", "name", "readonly", "extra")
_OWN = frozenset({"pattern", "methods", "target", "acknowledge_readonly", "kind", "prefix"})
_OWN_OF_TARGET = frozenset({"type", "name", "file"})


@dataclass(frozen=True)
class Row:
    """One route in the form. `extra` is, as JSON, what an entry holds that has no field here, such as a price."""

    number: int
    pattern: str = ""
    methods: str = ""
    type: str = "function"
    name: str = ""
    readonly: bool = False
    extra: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.pattern.strip() or self.name.strip() or self.methods.strip())

    @property
    def method_names(self) -> list[str]:
        """The methods as typed, upper-cased; none of them means all."""
        return [word.upper() for word in re.split(r"[\s,;]+", self.methods) if word]

    @property
    def document(self) -> dict[str, Any]:
        """The entry as it is written in a spec. A file without methods answers GET and HEAD."""
        more = _read_extra(self.extra)
        methods = self.method_names or (["GET", "HEAD"] if self.type == "static" else [])
        named = {"file": self.name.strip()} if self.type == "static" else {"name": self.name.strip()}
        return {
            **more.get("entry", {}),
            "pattern": self.pattern.strip(),
            **({"methods": methods} if methods else {}),
            "target": {**more.get("target", {}), "type": self.type, **named},
            **({"acknowledge_readonly": True} if self.readonly else {}),
        }

    @property
    def entry(self) -> Entry:
        return entry_of(self.document, self.number)

    @property
    def kept(self) -> str:
        """Say which parts of the entry the form keeps without a field for them."""
        more = _read_extra(self.extra)
        return ", ".join(sorted({*more.get("entry", {}), *more.get("target", {})}))


def _read_extra(text: str) -> dict[str, dict[str, Any]]:
    """Return what the form carries along; anything that it did not write itself counts as nothing."""
    try:
        found = jsontext.loads(text.encode()) if text else {}
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    parts = {
        name: part for name, part in found.items() if name in ("entry", "target") and isinstance(part, dict)
    }
    own = {"entry": _OWN, "target": _OWN_OF_TARGET}
    return {name: {key: part[key] for key in part if key not in own[name]} for name, part in parts.items()}


def row_of(document: Mapping[str, Any], number: int) -> Row:
    """Return the row of an entry of an inventory, an archive or a pasted table."""
    entry = entry_of(document)
    extra = {
        "entry": {key: document[key] for key in document if key not in _OWN},
        "target": {key: entry.target[key] for key in entry.target if key not in _OWN_OF_TARGET},
    }
    return Row(
        number=number,
        pattern=entry.pattern,
        methods=", ".join(entry.methods or ()),
        type=str(entry.target.get("type") or "function"),
        name=entry.leads_to,
        readonly=document.get("acknowledge_readonly") is True,
        extra=json.dumps(extra, ensure_ascii=False) if any(extra.values()) else "",
    )


def rows_of(entries: object) -> list[Row]:
    """Return the rows of a table, in the order of serving."""
    documents = (
        [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
    )
    ordered = served(entry_of(document, place) for place, document in enumerate(documents))
    return [row_of(entry.raw, number) for number, entry in enumerate(ordered, 1)]


def typed(form: Mapping[str, str]) -> list[Row]:
    """Return the rows of a submitted form that hold something, numbered anew. Raises Refusal for far too many."""
    numbers = sorted({int(match[1]) for key in form if (match := re.fullmatch(r"pattern-(\d{1,4})", key))})
    if len(numbers) > MOST_FIELDS:
        raise Refusal("TOO_MANY_ROWS", _("The form takes %(most)s rows at most.") % {"most": MOST_FIELDS})
    found = (_typed(form, number) for number in numbers if not form.get(f"remove-{number}"))
    return [
        replace(row, number=number)
        for number, row in enumerate((row for row in found if not row.is_empty), 1)
    ]


def _typed(form: Mapping[str, str], number: int) -> Row:
    values = {name: form.get(f"{name}-{number}", "") for name in _FIELDS}
    return Row(
        number=number,
        pattern=values["pattern"],
        methods=values["methods"],
        type=values["type"],
        name=values["name"],
        readonly=bool(values["readonly"]),
        extra=values["extra"],
    )


def spare(rows: list[Row], count: int = SPARE) -> Iterator[Row]:
    """Yield empty rows that follow."""
    start = max((row.number for row in rows), default=0) + 1
    return (Row(number) for number in range(start, start + count))


def pasted(text: str) -> list[Row]:
    """Read a table that somebody pasted: a list of entries, {"replace": […]} or {"routes": …}. Raises Refusal."""
    try:
        found = jsontext.loads(text.encode())
    except ValueError as error:
        sentence = _("This is not JSON: %(why)s. The rows above are as they were.")
        raise _unreadable(sentence % {"why": str(error).rstrip(".")}) from None
    for name in ("routes", "replace"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    if isinstance(found, dict) and any(str(key).startswith("/") for key in found):
        raise _unreadable(
            _("Routes are a list of entries, each with its pattern, not an object with paths as keys.")
        )
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise _unreadable(_("Paste a list of routes, each an object with pattern, methods and target."))
    if len(found) > MOST_FIELDS:
        raise too_many(len(found))
    for number, entry in enumerate(found, 1):
        _require_shape(entry, number)
    return [row_of(entry, number) for number, entry in enumerate(found, 1)]


def _require_shape(entry: Mapping[str, Any], number: int) -> None:
    """Refuse what would be lost on the way into the rows."""
    methods, target = entry.get("methods"), entry.get("target")
    if methods is not None and not (
        isinstance(methods, list) and all(isinstance(name, str) for name in methods)
    ):
        raise _unreadable(
            _("Route %(number)s: methods are a list such as [“GET”], or left out.") % {"number": number}
        )
    if not isinstance(target, dict) or set(target) - _OWN_OF_TARGET:
        sentence = _(
            "Route %(number)s: a target is {“type”: “function”, “name”: …} or {“type”: “static”, “file”: …}."
        )
        raise _unreadable(sentence % {"number": number})
    if unknown := sorted(set(entry) - _OWN - {"pricing"}):
        sentence = _("Route %(number)s: “%(name)s” is no part of a route. Leave it out.")
        raise _unreadable(sentence % {"number": number, "name": unknown[0]})


def too_many(count: int) -> Refusal:
    """Return the refusal of a table beyond the contract's limit."""
    sentence = _(
        "A table has at most 100 routes, and this one has %(count)s. Join some of them under a wildcard such as /api/*."
    )
    return Refusal("TOO_MANY_ROUTES", sentence % {"count": count}, field="json")


def _unreadable(sentence: str) -> Refusal:
    return Refusal("INVALID_ROUTES", sentence, field="json")


ALL_METHODS = ", ".join(METHODS)

"""The record as a file: JSONL, which can be verified offline, and CSV, for reading.

A JSONL file has a header, the signed heads, the entries oldest first, and an end. Narrowed down, it still has every
entry of the chain: those that were not asked for as digests only, so that it verifies from end to end all the same.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from audit import selectors
from audit.entries import Entry, Hidden
from audit.models import Event
from audit.selectors import Narrowing
from audit.verifying import Head, Verdict, Verify, Walk
from audit.words import in_words

FORM = "run402-panel/audit-record/1"
COLUMNS = (
    "seq",
    "at",
    "actor_id",
    "actor",
    "action",
    "words",
    "object_type",
    "object_id",
    "object",
    "details",
    "previous",
    "digest",
)
#: What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Unusable(Exception):
    """The file is no export of the record, or of a form that this version does not know."""


# --- Writing ---


def jsonl(team_id: UUID, narrowing: Narrowing, *, last: Event, public_keyset: str) -> Iterator[str]:
    """Return the lines of the record up to and with `last`, the entry of this very export."""
    partial = bool(narrowing)
    header = {"type": "header", "form": FORM, "chain": str(team_id), "partial": partial}
    at = last.at.isoformat(timespec="microseconds")
    keyset = json.loads(public_keyset) if public_keyset else None
    yield _line({**header, "exported_at": at, "entries": last.seq, "public_keyset": keyset})
    for row in selectors.signed_heads_of(team_id, last.seq).iterator():
        yield _line({"type": "head", **asdict(row.head())})
    for item in _items(team_id, narrowing, last.seq):
        kind = "hidden" if isinstance(item, Hidden) else "entry"
        yield _line({"type": kind, **asdict(item)})
    yield _line({"type": "end", "entries": last.seq, "digest": last.digest})


def _items(team_id: UUID, narrowing: Narrowing, up_to: int) -> Iterator[Entry | Hidden]:
    """Return every entry of the chain, those outside the narrowing as digests."""
    asked = selectors.in_order(selectors.events_of(team_id, narrowing), up_to)
    if not narrowing:
        yield from (event.entry() for event in asked)
        return
    wanted = next(asked, None)
    for event in selectors.in_order(selectors.events_of(team_id), up_to):
        if wanted and event.seq == wanted.seq:
            yield event.entry()
            wanted = next(asked, None)
        else:
            yield Hidden(event.seq, event.entry().body(str(team_id)), event.digest)


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


class Echo:
    """A file that hands back what is written, for `csv`."""

    def write(self, text: str) -> str:
        return text


def as_csv(team_id: UUID, narrowing: Narrowing, *, last: Event) -> Iterator[str]:
    """Return the lines of a table for spreadsheets. Cells that one would take for a formula get a quote before them."""
    writer = csv.writer(Echo())
    yield str(writer.writerow(COLUMNS))
    for event in selectors.in_order(selectors.events_of(team_id, narrowing), last.seq):
        values = {**event.entry().as_dict(), "words": in_words(event.action)}
        values["details"] = json.dumps(event.details, ensure_ascii=False, sort_keys=True)
        yield str(writer.writerow([cell(values[name]) for name in COLUMNS]))


def cell(value: object) -> object:
    """Return a value as it may stand in a table: what a spreadsheet would take for a formula gets a quote before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


# --- Reading ---


def read_header(lines: Iterator[str]) -> dict[str, Any]:
    """Take the first line; raise Unusable when it is no header that this version knows."""
    header = _parsed(next(lines, ""))
    if header is None or header.get("type") != "header" or header.get("form") != FORM:
        raise Unusable(f"This file does not begin like an export of the audit record ({FORM}).")
    if not isinstance(header.get("chain"), str):
        raise Unusable("The file does not say which chain it holds.")
    return header


def embedded_keyset(header: Mapping[str, Any]) -> str:
    """Return the public keyset that the file itself carries, or nothing."""
    keyset = header.get("public_keyset")
    return json.dumps(keyset) if isinstance(keyset, dict) else ""


def verify(chain: str, lines: Iterable[str], verifier: Verify | None) -> Verdict:
    """Return the verdict on the lines after the header."""
    heads, rest = _heads(iter(lines))
    walk = Walk(chain, heads, verifier)
    unreadable = False
    for line in rest:
        if unreadable:
            walk.unreadable()
        value = _parsed(line)
        if value and value.get("type") == "end":
            return walk.end(_number(value.get("entries")), str(value.get("digest")))
        item = _item(value) if value else None
        # The last line of a file that just stops is half a line: that is a cut, and not a change.
        unreadable = item is None
        if item:
            walk.take(item)
    return walk.end(0, whole=False)


def _heads(lines: Iterator[str]) -> tuple[list[Head], Iterator[str]]:
    """Take the signed heads; return them and the lines that are left."""
    heads: list[Head] = []
    for line in lines:
        value = _parsed(line)
        if not value or value.get("type") != "head":
            return heads, itertools.chain([line], lines)
        heads.append(_head(value))
    return heads, lines


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _item(value: Mapping[str, Any]) -> Entry | Hidden | None:
    """Return the entry of a line; None when it is none."""
    try:
        if value.get("type") == "hidden":
            return Hidden(_number(value["seq"]), str(value["body"]), str(value["digest"]))
        return Entry.from_dict({**value, "seq": _number(value["seq"])})
    except (KeyError, ValueError):
        return None


def _head(value: Mapping[str, Any]) -> Head:
    texts = [str(value.get(name, "")) for name in ("digest", "at", "key_id", "signature")]
    return Head(_number(value.get("seq")), *texts)


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0

"""What is wrong with a route table, row by row, in sentences with the way out (contract: apply 2.3.7, 4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from django.utils.translation import gettext as _

from deploys.routing import Entry, Site, is_target_missing
from deploys.table.rows import ALL_METHODS, Row
from run402.spec.reader import Reader
from run402.spec.routes import METHODS, MOST_PATTERN_BYTES, MOST_ROUTES, read_routes, static_file_problem

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODED_SLASH = re.compile(r"%(2f|5c)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]|%(0[0-9a-f]|1[0-9a-f]|7f)", re.IGNORECASE)
_READS = ({"GET"}, {"GET", "HEAD"})

Problems = dict[int, list[str]]


def problems_of(rows: Sequence[Row], site: Site) -> Problems:
    """Return the sentences of each row by its number; 0 holds those of the whole table. Empty: it can be planned."""
    found: Problems = {}
    if len(rows) > MOST_ROUTES:
        sentence = _(
            "A table has at most %(most)s routes, and this one has %(count)s. "
            "Join some of them under a wildcard such as /api/*."
        )
        found[0] = [sentence % {"most": MOST_ROUTES, "count": len(rows)}]
    for row in rows:
        if sentences := list(_row(row, site)):
            found[row.number] = sentences
    for number, sentence in _twins(rows):
        found.setdefault(number, []).append(sentence)
    if not found:
        found.update(_rest(rows))
    return found


def _row(row: Row, site: Site) -> Iterator[str]:
    if sentence := pattern_problem(row.pattern.strip()):
        yield sentence
    yield from _methods(row)
    yield from _target(row, site)
    if row.readonly and not _may_be_readonly(row):
        yield _(
            "“Read-only on purpose” is for a function behind a wildcard that answers GET and HEAD alone. Untick it."
        )


def pattern_problem(pattern: str) -> str:
    """Return why a pattern cannot be; empty when it can."""
    if not pattern.startswith("/"):
        return _("A pattern starts with “/”, as in /api/*.")
    if len(pattern.encode("utf-8", "replace")) > MOST_PATTERN_BYTES:
        return _("A pattern has at most %(most)s bytes. Shorten it.") % {"most": MOST_PATTERN_BYTES}
    if "?" in pattern or "#" in pattern:
        return _("A pattern has no “?” and no “#”: they decide nothing about what serves. Leave them out.")
    if _BAD_PERCENT.search(pattern):
        return _("“%” stands only before two hexadecimal digits. Write “%25” for the sign itself.")
    if _ENCODED_SLASH.search(pattern):
        return _(
            "An encoded slash never reaches a route: such addresses are refused before. Write “/” instead."
        )
    if "*" in pattern.removesuffix("/*"):
        return _(
            "“*” stands only at the end, as “/*”. Route the part before it, and let the function tell the rest apart."
        )
    if pattern.endswith("/*") and not pattern.removesuffix("/*").strip("/"):
        return _("A bare wildcard would take the whole site. Put something before it, as in /api/*.")
    if "//" in pattern or _CONTROL.search(pattern) or {".", ".."} & set(unquote(pattern).split("/")):
        return _(
            "A pattern has no empty part, no “.” or “..”, no space and no “\\”: no address looks like that."
        )
    return ""


def _methods(row: Row) -> Iterator[str]:
    names = row.method_names
    if unknown := [name for name in names if name not in METHODS]:
        sentence = _("“%(name)s” is no method of a route. Choose from: %(all)s; none means all.")
        yield sentence % {"name": unknown[0], "all": ALL_METHODS}
    if twice := [name for name in METHODS if names.count(name) > 1]:
        yield _("%(name)s stands there twice. Once is enough.") % {"name": twice[0]}
    if row.type == "static" and names and set(names) not in _READS:
        yield _(
            "A file answers GET, or GET and HEAD. Leave the methods empty, or send the route to a function."
        )


def _target(row: Row, site: Site) -> Iterator[str]:
    name = row.name.strip()
    if row.type not in ("function", "static"):
        yield _("A route leads to a function or to a file. Choose one of them.")
    elif not name:
        yield _("Say which function, or which file of the site, the route leads to.")
    elif row.type == "static":
        yield from _static(row, name, site)
    elif is_target_missing(row.entry, site):
        sentence = _("The live release has no function “%(name)s”. It has: %(all)s.")
        yield sentence % {"name": name, "all": ", ".join(sorted(site.functions or ())) or _("none")}


def _static(row: Row, name: str, site: Site) -> Iterator[str]:
    if "*" in row.pattern:
        yield _("A route to a file has no “*”: it is one address of one file.")
    if static_file_problem(name):
        yield _(
            "Write the file as it lies in the release, as in pages/about.html: no “/” at either end, no “..”."
        )
    elif is_target_missing(row.entry, site):
        yield _("The live release has no file “%(name)s”. Deploy the file first, or choose another one.") % {
            "name": name
        }


def _may_be_readonly(row: Row) -> bool:
    names = set(row.method_names)
    return (
        row.type == "function"
        and row.pattern.strip().endswith("/*")
        and bool(names)
        and names <= {"GET", "HEAD"}
    )


def _twins(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """Yield the rows that answer a method at a pattern that an earlier one answers already."""
    seen: dict[tuple[str, str], Row] = {}
    for row in rows:
        entry = row.entry
        if not entry.pattern:
            continue
        first = [seen[place, method] for place, method in _places(entry) if (place, method) in seen]
        if first:
            sentence = _(
                "Row %(number)s answers the same method at the same pattern. Remove one, or part their methods."
            )
            yield row.number, sentence % {"number": first[0].number}
        for key in _places(entry):
            seen.setdefault(key, row)


def _places(entry: Entry) -> Iterator[tuple[str, str]]:
    place = f"{entry.path}*" if entry.is_prefix else entry.path
    return ((place, method) for method in METHODS if method in entry.answers)


def _rest(rows: Sequence[Row]) -> Problems:
    """Return what the client's own reader objects to beside: parts of an entry that have no field here."""
    reader = Reader(strict=False)
    read_routes(reader, {"replace": [row.document for row in rows]})
    found: Problems = {}
    for problem in reader.problems:
        match = re.search(r"replace\[(\d+)\]", problem.path)
        number = int(match[1]) + 1 if match else 0
        found.setdefault(number, []).append(f"{problem.path.rsplit('.', 1)[-1]} {problem.message}")
    return found

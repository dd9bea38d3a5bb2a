"""Reads a `.env` file: what it sets, and in one sentence for each line what it does not.

    NAME=value                 up to the end of the line; “ #” begins a comment
    export NAME="a\\nb"         double quotes know \\n \\r \\t \\\\ \\" and \\$, and may span lines
    NAME='as it is'            so do single quotes and backticks, without escapes

`${OTHER}` stays as it stands. Sentences name a line, and a name only if it is allowed: what else stands there may be
part of a value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.ui.figures import grouped
from run402 import names

#: What a file may set, and how long it may be, in characters.
MOST_NAMES, MOST_CHARACTERS = 500, 250_000

_BLANK = re.compile(r"[^\S\n]*(?:#[^\n]*)?(?:\n|\Z)")
_HEAD = re.compile(r"[^\S\n]*(?:export[^\S\n]+)?([^\n=]*)=[^\S\n]*")
_LINE = re.compile(r"[^\n]*")
_QUOTED = {
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "'": re.compile(r"'([^']*)'"),
    "`": re.compile(r"`([^`]*)`"),
}
_TAIL = re.compile(r"[^\S\n]*(?:#[^\n]*)?(?=\n|\Z)")
_COMMENT = re.compile(r"(?:^|\s)#")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$"}


@dataclass(frozen=True)
class Entry:
    """One name with its value. `note` is a sentence about how it was read; empty when there is nothing to say."""

    name: str
    value: str
    line: int
    note: str = ""

    def __repr__(self) -> str:
        return f"Entry({self.name!r}, line={self.line})"


@dataclass(frozen=True)
class Invalid:
    """What is not set, and why. `name` is empty where what stands there is no allowed name."""

    line: int
    name: str
    why: str


@dataclass(frozen=True)
class Reading:
    """What a file sets, in its order, and what it does not."""

    entries: tuple[Entry, ...]
    invalid: tuple[Invalid, ...]


def read(text: str) -> Reading:
    """Read a whole file. Of a name that stands twice neither is taken."""
    entries: list[Entry] = []
    invalid: list[Invalid] = []
    for item in _items(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")):
        (entries if isinstance(item, Entry) else invalid).append(item)  # type: ignore[arg-type]  # each into its own
    lines = defaultdict(list)
    for entry in entries:
        lines[entry.name].append(entry.line)
    invalid += [_twice(name, found) for name, found in lines.items() if len(found) > 1]
    single = tuple(entry for entry in entries if len(lines[entry.name]) == 1)
    return Reading(single, tuple(sorted(invalid, key=lambda one: one.line)))


def _items(text: str) -> Iterator[Entry | Invalid]:
    at, line = 0, 1
    while at < len(text):
        item, end = _item(text, at, line)
        if item is not None:
            yield item
        line += text.count("\n", at, end)
        at = end


def _item(text: str, at: int, line: int) -> tuple[Entry | Invalid | None, int]:
    """Return what begins at a place, which is the beginning of a line, and where the next one begins."""
    if blank := _BLANK.match(text, at):
        return None, blank.end()
    head = _HEAD.match(text, at)
    if head is None:
        return Invalid(line, "", _no_equals()), _next_line(text, at)
    name, quote = head[1].strip(), text[head.end() : head.end() + 1]
    if quote not in _QUOTED or not quote:
        value, note = _bare(_LINE.match(text, head.end())[0])  # type: ignore[index]  # it matches anything
        return _checked(name, value, line, note), _next_line(text, head.end())
    return _quoted(text, head.end(), name, line)


def _quoted(text: str, at: int, name: str, line: int) -> tuple[Entry | Invalid, int]:
    known = name if names.SECRET.fullmatch(name) else ""
    found = _QUOTED[text[at]].match(text, at)
    if found is None:
        return Invalid(line, known, _unclosed()), len(text)
    end = _next_line(text, found.end())
    if not _TAIL.match(text, found.end()):
        return Invalid(line, known, _after_quote()), end
    value = _ESCAPE.sub(_unescaped, found[1]) if text[at] == '"' else found[1]
    return _checked(name, value, line), end


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[0])


def _bare(rest: str) -> tuple[str, str]:
    """Return the value of a line without quotes, and a note when a comment was cut off."""
    comment = _COMMENT.search(rest)
    if comment is None:
        return rest.strip(), ""
    return rest[: comment.start()].strip(), _(
        "What follows the “#” was taken for a comment. Put quotes around the value if it belongs to it."
    )


def _checked(name: str, value: str, line: int, note: str = "") -> Entry | Invalid:
    if not names.SECRET.fullmatch(name):
        return Invalid(line, "", _bad_name())
    if why := trouble_with(value):
        return Invalid(line, name, why)
    return Entry(name, value, line, note or _note(value))


def trouble_with(value: str) -> str:
    """Return why no secret can have this value, without repeating it; empty when one can."""
    size = len(value.encode(errors="surrogatepass"))
    if size > names.SECRET_BYTES:
        return _(
            "The value has %(size)s bytes, and at most %(most)s are allowed. Keep a large text in the project's"
            " storage, and only what opens it here."
        ) % {"size": grouped(size), "most": grouped(names.SECRET_BYTES)}
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        return _(
            "The value is no text that an environment variable can hold. Encode it, as Base64 for example."
        )
    return ""


def _note(value: str) -> str:
    if not value:
        return _("The value is empty.")
    return _("“${…}” stays as it stands: nothing is filled in.") if "${" in value else ""


def _next_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


# --- Sentences ---


def _no_equals() -> str:
    return _(
        "This line has no “=”. Write NAME=value, close the quotes of the line before, or put # before it."
    )


def _bad_name() -> str:
    return _(
        "The name on this line is not allowed. A name has capital letters, digits and “_”, begins with no digit, and"
        " has at most 128 characters. Rename it here and in the code that reads it."
    )


def _unclosed() -> str:
    return _(
        "The quote that opens here is never closed, so nothing from this line on was read. Close it and paste it again."
    )


def _after_quote() -> str:
    return _(
        "Text follows the closing quote. Put the quotes around the whole value, or # before the comment."
    )


def _twice(name: str, lines: list[int]) -> Invalid:
    said = _("%(name)s stands on the lines %(lines)s, so none of them is set. Keep one and paste it again.")
    return Invalid(lines[0], name, said % {"name": name, "lines": ", ".join(map(str, lines))})

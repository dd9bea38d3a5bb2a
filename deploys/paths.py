"""Paths inside a source: which ones are accepted, how they are shown, and the folder that everything lies in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TypeVar

from django.utils.translation import gettext as _

from core.errors import Refusal

T = TypeVar("T")

MAX_PATH_BYTES = 1024
_DRIVE = re.compile(r"[A-Za-z]:")


def checked_path(path: str, *, field: str = "archive") -> str:
    """Return an archive's path, relative and without “./”. Raises Refusal for one that leads elsewhere."""
    clean = path
    while clean.startswith("./"):
        clean = clean[2:]
    reason = _why_not(clean)
    if reason:
        raise Refusal(
            "PATH_INVALID", _("“%(path)s”: %(reason)s") % {"path": shown(path), "reason": reason}, field=field
        )
    return clean


def _why_not(path: str) -> str:
    """Return why the path is refused; empty when it is fine."""
    if not path:
        return _("a file without a name.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        return _("the name has control characters, or is not text.")
    if "\\" in path:
        return _("the name has a backslash; folders are separated by “/”.")
    if path.startswith("/") or _DRIVE.match(path):
        return _("the path is absolute; it must be relative to the archive.")
    if any(part in ("", ".", "..") for part in path.split("/")):
        return _("the path leads out of the archive, or has an empty part.")
    if len(path.encode()) > MAX_PATH_BYTES:
        return _("the path is longer than 1,024 bytes.")
    return ""


def without_common_folder(files: Mapping[str, T]) -> tuple[str, dict[str, T]]:
    """Return the one folder that all files lie in (empty: none) and the files without it."""
    tops = {path.partition("/")[0] for path in files}
    if len(tops) != 1 or any("/" not in path for path in files):
        return "", dict(files)
    top = tops.pop()
    return top, {path[len(top) + 1 :]: entry for path, entry in files.items()}


def shown(path: str, longest: int = 120) -> str:
    """Return a path fit for a sentence: printable, and cut in the middle when it is long."""
    text = "".join(character if character.isprintable() else "\ufffd" for character in path)
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[-longest // 2 + 1 :]}"

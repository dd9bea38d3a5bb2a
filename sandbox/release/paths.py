"""Which paths may exist: of files, of public addresses, of routes (apply 2.3.5, 2.15, 4.1)."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\?#]")
_BAD_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
_RESERVED = ("_cas", "_run402")
MAX_PATTERN_BYTES = 256

_TEXT = "; charset=utf-8"
_TYPES = {
    **dict.fromkeys(("html", "htm"), f"text/html{_TEXT}"),
    "css": f"text/css{_TEXT}",
    **dict.fromkeys(("js", "mjs", "cjs"), f"text/javascript{_TEXT}"),
    "json": "application/json",
    "svg": "image/svg+xml",
    **{name: f"image/{name}" for name in ("png", "gif", "webp")},
    **dict.fromkeys(("jpg", "jpeg"), "image/jpeg"),
    "ico": "image/x-icon",
    **{name: f"font/{name}" for name in ("woff", "woff2", "ttf", "otf")},
    "txt": f"text/plain{_TEXT}",
    "md": f"text/markdown{_TEXT}",
    "xml": "application/xml",
    "pdf": "application/pdf",
    "wasm": "application/wasm",
    "sql": "application/sql",
}


def content_type(path: str) -> str:
    """The type by suffix, for a file that was announced without one."""
    name = path.rsplit("/", 1)[-1]
    suffix = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    return _TYPES.get(suffix, "application/octet-stream")


def is_file_path(path: object) -> bool:
    """Relative, normalised, without anything that a URL or a file system could read another way."""
    if not isinstance(path, str) or not 0 < len(path.encode()) <= 1024 or _UNSAFE.search(path):
        return False
    segments = path.split("/")
    if any(segment in ("", ".", "..") for segment in segments) or segments[0] in _RESERVED:
        return False
    return unicodedata.normalize("NFC", path) == path


def is_public_path(path: object) -> bool:
    """An absolute address that stays itself after decoding."""
    if not isinstance(path, str) or not path.startswith("/") or _UNSAFE.search(path) or "//" in path:
        return False
    if _BAD_PERCENT.search(path) or re.search(r"%(2f|5c|00)", path, re.IGNORECASE):
        return False
    decoded = unquote(path)
    segments = decoded.split("/")[1:]
    if any(segment in (".", "..") for segment in segments) or segments[0] in _RESERVED:
        return False
    return unicodedata.normalize("NFC", decoded) == decoded


def is_exact_pattern(pattern: object) -> bool:
    """A route pattern without a wildcard."""
    if not is_public_path(pattern) or not isinstance(pattern, str):
        return False
    return "*" not in pattern and len(pattern.encode()) <= MAX_PATTERN_BYTES


def same_exact(pattern: str) -> str:
    """Exact patterns are equal with and without a slash at the end."""
    return pattern.rstrip("/") or "/"

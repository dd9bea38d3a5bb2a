"""Content types by file name, exactly as the official client guesses them (contract: apply 2.3.5)."""

from __future__ import annotations

from pathlib import PurePosixPath

OCTET_STREAM = "application/octet-stream"

TYPES = {
    "html": "text/html; charset=utf-8",
    "htm": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "cjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "ico": "image/x-icon",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "xml": "application/xml",
    "pdf": "application/pdf",
    "wasm": "application/wasm",
    "sql": "application/sql",
}


def content_type(path: str) -> str:
    """The content type for a file's path, by its suffix in any case; bytes of no known kind otherwise.

    >>> content_type("assets/Logo.SVG")
    'image/svg+xml'
    """
    name = PurePosixPath(path).name
    _, dot, suffix = name.rpartition(".")
    return TYPES.get(suffix.lower(), OCTET_STREAM) if dot else OCTET_STREAM

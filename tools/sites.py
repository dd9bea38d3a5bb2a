"""Small sites to deploy, and the zips that carry them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

Site = dict[str, bytes]


def site(version: int) -> Site:
    """Files by path. Two versions share one file, differ in one, and each has one of its own."""
    return {
        "index.html": f"<!doctype html><title>Smoke {version}</title><h1>Release {version}</h1>\n".encode(),
        "assets/site.css": b"h1 { color: rebeccapurple }\n",
        "assets/pixel.bin": bytes(range(256)) * 64,
        f"pages/only-{version}/index.html": f"<!doctype html><title>Page {version}</title>\n".encode(),
    }


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()

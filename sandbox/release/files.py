"""References to bytes inside a spec (apply 2.4)."""

from __future__ import annotations

import re

from sandbox.problems import invalid_spec
from sandbox.release.paths import content_type, is_file_path
from sandbox.release.state import File

_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_file(path: str, ref: object, resource: str) -> File:
    """A file at a path. Raises Problem (INVALID_SPEC)."""
    if not is_file_path(path):
        raise invalid_spec(f"'{path}' is no path a file can have.", resource=resource)
    return read_ref(path, ref, resource)


def read_ref(name: str, ref: object, resource: str) -> File:
    """`{sha256, size, content_type?}` of either spelling; the type is guessed from `name` where none is told."""
    sha256 = ref.get("sha256") if isinstance(ref, dict) else None
    size = ref.get("size") if isinstance(ref, dict) else None
    if not isinstance(ref, dict) or not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise invalid_spec(f"'{name}' needs a lower-case hex sha256.", resource=resource)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise invalid_spec(f"'{name}' needs its size in bytes.", resource=resource)
    kind = ref.get("content_type", ref.get("contentType")) or content_type(name)
    if not isinstance(kind, str) or not re.fullmatch(r"[\x20-\x7e]{1,255}", kind):
        raise invalid_spec(f"'{name}' has no usable content type.", resource=resource)
    return File(sha256, size, kind)

"""Answers of operations that people look at once: rows of a query, what a function said, logs (ARCHITECTURE, results).

    results.put(operation, "rows", data, rows=200)      in the worker's handler
    results.get(operation, "rows", team)                in web: bytes, or None when there is none or it has expired
    results.stream(operation, "rows", team)             the same in pieces

Covered with the results keyset, bound to row, operation, field and team; gone after fifteen minutes. Up to 1,000 rows
and 1 MB stand in the database, larger ones in a file of the store under the same cover. Neither belongs into a backup.
"""

from __future__ import annotations

import io
import itertools
import os
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from operations import cover
from operations.models import Operation, Result
from teams.models import Team

LIFE = timedelta(minutes=15)
MOST_ROWS = 1000
MOST_INLINE_BYTES = 1_000_000
MOST_BYTES = 1_000_000_000
READ_BYTES = 64 * 1024
#: A file without a row this old was left by a worker that died.
ORPHAN_SECONDS = 3600


def put(
    operation: Operation, field: str, data: bytes | Iterable[bytes], *, rows: int = 0, life: timedelta = LIFE
) -> Result:
    """Keep an answer in place of an earlier one of the same field. Raises `Locked` without the keyset."""
    result = Result(
        id=uuid.uuid4(), team_id=operation.team_id, operation=operation, field=field, size=0, key_id=0
    )
    result.key_id, cipher = cover.present()
    pieces = _counted(result, _pieces(data))
    start = list(_start(pieces))
    result.in_file = rows > MOST_ROWS or sum(map(len, start)) > MOST_INLINE_BYTES
    covered = cover.cover(itertools.chain(start, pieces), _place(result), cipher)
    if result.in_file:
        _to_file(result, covered)
    else:
        result.covered = b"".join(covered)
    result.expires_at = timezone.now() + life
    _replace(result)
    return result


def get(operation: Operation, field: str, team: Team) -> bytes | None:
    """Return the team's answer, whole; None when there is none (any more). Raises `Locked` when it does not open."""
    pieces = stream(operation, field, team)
    return None if pieces is None else b"".join(pieces)


def stream(operation: Operation, field: str, team: Team) -> Iterator[bytes] | None:
    """Return the team's answer in pieces; None when there is none (any more)."""
    found = Result.objects.filter(
        team=team, operation=operation, operation__team=team, field=field, expires_at__gt=timezone.now()
    ).first()
    covered = _opened(found) if found else None
    if found is None or covered is None:
        return None
    cipher = cover.present()[1]
    return _read(covered, found, cipher)


def sweep() -> int:
    """Delete what has expired, and files that nobody refers to; return how many answers."""
    gone = Result.objects.filter(expires_at__lte=timezone.now())
    expired = list(gone.only("pk", "in_file")[:500])
    for result in expired:
        if result.in_file:
            _path(result).unlink(missing_ok=True)
    Result.objects.filter(pk__in=[result.pk for result in expired]).delete()
    _sweep_orphans()
    return len(expired)


def _pieces(data: bytes | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(data, bytes | bytearray | memoryview):
        view = memoryview(data)
        return (bytes(view[at : at + READ_BYTES]) for at in range(0, len(view), READ_BYTES))
    return iter(data)


def _counted(result: Result, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        result.size += len(piece)
        if result.size > MOST_BYTES:
            raise Refusal(
                "RESULT_TOO_LARGE",
                _("The answer is larger than the panel keeps (1 GB)."),
                next_steps=[NextStep("narrow", _("Ask for less of it"))],
            )
        yield piece


def _start(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces until they no longer fit into a row."""
    size = 0
    while size <= MOST_INLINE_BYTES and (piece := next(pieces, None)) is not None:
        size += len(piece)
        yield piece


def _place(result: Result) -> bytes:
    """Return the bytes that bind a cover to its row, field and team."""
    parts = ("run402-panel/result/v1", result.pk, result.team_id, result.operation_id, result.field)
    return "\0".join(map(str, parts)).encode() + b"\0"


def _to_file(result: Result, covered: Iterator[bytes]) -> None:
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(covered)
        Path(name).replace(_path(result))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _replace(result: Result) -> None:
    """Write the row in place of an earlier answer, whose file goes once nothing refers to it."""
    with transaction.atomic():
        earlier = list(Result.objects.filter(operation=result.operation, field=result.field))
        Result.objects.filter(pk__in=[one.pk for one in earlier]).delete()
        result.save(force_insert=True)
    for one in earlier:
        _path(one).unlink(missing_ok=True)


def _opened(result: Result) -> BinaryIO | None:
    """Open what stands there; a file that the sweep took a moment ago is no answer any more."""
    if not result.in_file:
        return io.BytesIO(bytes(result.covered))
    try:
        return _path(result).open("rb")
    except FileNotFoundError:
        return None


def _read(covered: BinaryIO, result: Result, cipher: object) -> Iterator[bytes]:
    with closing(covered):
        yield from cover.uncover(covered, _place(result), cipher)


def _sweep_orphans() -> None:
    with suppress(FileNotFoundError):
        for path in _folder().iterdir():
            _unlink_if_orphan(path)


def _unlink_if_orphan(path: Path) -> None:
    with suppress(FileNotFoundError):
        old = time.time() - path.stat().st_mtime > ORPHAN_SECONDS
        if old and not _is_known(path):
            path.unlink()


def _is_known(path: Path) -> bool:
    try:
        return Result.objects.filter(pk=uuid.UUID(hex=path.name)).exists()
    except ValueError:
        return False


def _path(result: Result) -> Path:
    return _folder() / result.pk.hex


def _folder() -> Path:
    return Path(settings.STORE_DIR) / "results"


@dataclass(frozen=True)
class ResultColumn:
    """The answers in the registry of sealed columns: nobody re-seals them, they expire."""

    keyset: str = "results"

    def rows_per_key(self) -> Counter[int]:
        """Return how many answers that have not expired each key covers."""
        living = Result.objects.filter(expires_at__gt=timezone.now())
        return Counter(dict(living.values_list("key_id").annotate(number=Count("pk"))))

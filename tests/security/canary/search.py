"""Where a secret could have ended: every file of the data folder, every answer of the panel."""

from __future__ import annotations

import base64
import gzip
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from tests.security.canary.secrets import Canary

#: The keysets' own folder and the gateway's memory: secrets belong there.
NOT_THE_PANELS = ("keys", "sandbox")


def in_folder(data: Path, canaries: Iterable[Canary]) -> list[str]:
    """Return a sentence for each file, table row or session under `data` that holds a canary."""
    wanted = tuple(canaries)
    return [
        f"{canary.name} stands in {place}"
        for place, content in (*_files(data), *_sessions(data))
        for canary in wanted
        if canary.is_in(content)
    ]


def _files(data: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(data.rglob("*")):
        inside = path.relative_to(data)
        if inside.parts[0] in NOT_THE_PANELS or not path.is_file():
            continue
        content = path.read_bytes()
        yield str(inside), content
        if content.startswith(b"\x1f\x8b"):
            yield f"{inside}, unpacked", gzip.decompress(content)


def _sessions(data: Path) -> Iterator[tuple[str, bytes]]:
    """Return what the sessions hold: signed, and compressed when that is shorter, but not encrypted."""
    with closing(sqlite3.connect(f"file:{data / 'panel.sqlite3'}?mode=ro", uri=True)) as database:
        for table in _tables_with(database, "session_data"):
            # The name comes from the database's own list of tables.
            for (text,) in database.execute(f'SELECT session_data FROM "{table}"'):
                yield f"a session ({table})", _unpacked(text)


def _tables_with(database: sqlite3.Connection, column: str) -> list[str]:
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [
        table
        for table in tables
        if any(row[1] == column for row in database.execute(f'PRAGMA table_info("{table}")'))
    ]


def _unpacked(text: str) -> bytes:
    payload = text.split(":", 1)[0]
    raw = payload.removeprefix(".").encode()
    content = base64.urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    return zlib.decompress(content) if payload.startswith(".") else content


def in_answers(answers: Iterable[tuple[str, bytes]], canaries: Iterable[Canary]) -> list[str]:
    """Return a sentence for each answer (request line, headers and body) that holds a canary it should not."""
    wanted = tuple(canaries)
    return [
        f"{canary.name} is said by {line}"
        for line, content in answers
        for canary in wanted
        if canary.is_in(content) and not _may_show(canary, line)
    ]


def _may_show(canary: Canary, line: str) -> bool:
    return any(re.search(pattern, line) for pattern in canary.shown_at)

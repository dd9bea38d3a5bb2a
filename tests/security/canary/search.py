"""Where a secret could have ended: every file of the data folder, every answer of the panel."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.security.canary.secrets import Canary

#: The keysets' own folder and the gateway's memory: secrets belong there.
NOT_THE_PANELS = ("keys", "sandbox")


def in_folder(data: Path, canaries: Iterable[Canary]) -> list[str]:
    """Return a sentence for each file under `data`, the database among them, that holds a canary."""
    wanted = tuple(canaries)
    return [
        f"{canary.name} stands in {place}"
        for place, content in _files(data)
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

"""A chain of five entries to tamper with, in the database and as a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.db import transaction

from audit import files
from audit.models import Event
from audit.record import Actor, Subject, record
from audit.selectors import EVERYTHING, Narrowing
from audit.verifying import Verdict, Verify

TEAM = UUID(int=1)
ALICE = Actor("a1", "Alice")
COUNT = 5

Line = dict[str, Any]
Change = Callable[[list[Line]], list[Line]]


def record_some(count: int = COUNT, team: UUID | None = TEAM) -> None:
    """Append entries: numbers 1, 3, 5 about wallets, the others about operations."""
    for number in range(1, count + 1):
        kind = "wallet" if number % 2 else "operation"
        details = {"b": 1, "a": [1, "ü", None]}
        with transaction.atomic():
            subject = Subject(kind, str(number), f"Thing {number} – ü")
            record(f"{kind}.made", team_id=team, actor=ALICE, subject=subject, details=details)


def export(public_keyset: str = "", narrowing: Narrowing = EVERYTHING) -> list[Line]:
    """Return the lines of an export up to the newest entry, parsed."""
    last = Event.objects.filter(chain=str(TEAM)).order_by("seq").last()
    assert last is not None
    text = files.jsonl(TEAM, narrowing, last=last, public_keyset=public_keyset)
    return [json.loads(line) for line in text]


def verdict(lines: list[Line], verify: Verify | None = None, *, cut_bytes: int = 0) -> Verdict:
    """Return what the verifier says of these lines, without the last bytes of the file."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    kept: Iterator[str] = iter(text[: len(text) - cut_bytes].splitlines(keepends=True))
    return files.verify(files.read_header(kept)["chain"], kept, verify)

"""`manage.py operations_export`: write operations with their steps and requests as JSON lines, before they go."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from operations import files
from operations.models import Operation


def _day(text: str) -> datetime:
    """Return the beginning of a day in UTC."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day like 2026-01-31") from None


class Command(BaseCommand):
    help = "Write operations with their steps and requests as JSON lines, oldest first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=_day, help="asked for on this day (UTC) or later: 2026-01-31")
        parser.add_argument("--until", type=_day, help="asked for before this day (UTC)")
        parser.add_argument("--team", type=UUID, help="of one team only, by its id")
        parser.add_argument("--out", type=Path, help="a new file; without it, the terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = files.jsonl(_found(options))
        if options["out"] is None:
            for line in lines:
                self.stdout.write(line, ending="")
            return
        with _new(options["out"]) as file:
            count = _write(file, lines)
        sys.stderr.write(f"{count} operations written to {options['out']}.\n")


def _found(options: dict[str, Any]) -> QuerySet[Operation]:
    found = Operation.objects.all()
    if options["since"]:
        found = found.filter(created_at__gte=options["since"])
    if options["until"]:
        found = found.filter(created_at__lt=options["until"])
    return found.filter(team=options["team"]) if options["team"] else found


def _new(path: Path) -> TextIO:
    """Open a file that only its owner reads; an older one is never written over."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        return path.open("w", encoding="utf-8")
    except FileExistsError:
        raise CommandError(f"{path} is there already. Name a new file.") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None


def _write(file: TextIO, lines: Iterator[str]) -> int:
    count = 0
    for line in lines:
        file.write(line)
        count += 1
    return count

"""`manage.py backup --to FILE`: the whole instance in one file, while it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.backup import making
from core.backup.archive import BackupError, Manifest


class Command(BaseCommand):
    help = (
        "Write database and stored files into one file. Wallet keys and other secrets are in it as they are in the"
        " database: sealed. The keysets that open them are not in it; keep these somewhere else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, help="a new file, or - for the standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = _write(options["to"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"The backup could not be written: {error}. Nothing is left of it.") from None
        self.stderr.write(f"Backed up: {making.told(manifest)}.")
        self._name_damaged(manifest)

    def _name_damaged(self, manifest: Manifest) -> None:
        damaged = [name for shelf in manifest.folders.values() for name in shelf.damaged]
        for name in damaged:
            self.stderr.write(f"Damaged before: the stored file {name} does not hold what its name says.")


def _write(target: str) -> Manifest:
    return making.write(sys.stdout.buffer) if target == "-" else making.to_file(Path(target))

"""`manage.py keysets_init`: make the keysets of a fresh instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from wallets import keysets


class Command(BaseCommand):
    help = "Write missing keysets to a folder. Web gets the two public ones and results.json; workers get all files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=settings.DATA_DIR / "keys")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in keysets.create(options["folder"]):
            self.stdout.write(f"made {options['folder'] / name}")

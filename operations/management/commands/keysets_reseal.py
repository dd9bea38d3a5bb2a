"""`manage.py keysets_reseal`: move rows from older keys to the present ones while everything goes on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations import rotating
from operations.management import sentence
from wallets.resealing import Tally
from wallets.vault import Locked


class Command(BaseCommand):
    help = "Re-seal every sealed column and renew every MAC with the present keys. It can be stopped and run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--keyset", nargs="+", choices=("vault", "policy"), default=["vault", "policy"])
        parser.add_argument("--per-second", type=float, default=0, help="at most so many rows a second")

    def handle(self, *args: Any, **options: Any) -> None:
        names = tuple(options["keyset"])
        try:
            self.stdout.write(rotating.resealed(names, per_second=options["per_second"], tell=self._tell))
        except Locked as locked:
            raise CommandError(sentence(locked)) from None

    def _tell(self, column: str, tally: Tally) -> None:
        self.stdout.write(f"  {column}: {tally.renewed} rows so far")

"""`manage.py keysets_rotate PHASE --folder F`: change keys while everything goes on (docs/operations.md, “Keys”)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations import rotating
from operations.management import sentence
from wallets.rotation import FILES, RotationError
from wallets.vault import Locked


class Command(BaseCommand):
    help = "Rotate keysets: add a key, promote it, (keysets_reseal,) retire the old ones; or all, on one machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("phase", choices=("add", "promote", "retire", "all"))
        parser.add_argument("--folder", type=Path, default=settings.DATA_DIR / "keys")
        parser.add_argument("--keyset", nargs="+", choices=tuple(FILES), default=["vault", "policy"])
        parser.add_argument(
            "--grace",
            type=float,
            help="seconds between promote and retire; the default is right for a server",
        )
        parser.add_argument("--despite-lost-rows", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["phase"] == "all":
                rotating.everything(
                    options["folder"], options["keyset"], self.stdout.write, grace=options["grace"]
                )
                return
            for name in options["keyset"]:
                self.stdout.write(self._step(name, options))
        except RotationError as error:
            raise CommandError(str(error)) from None
        except Locked as locked:
            raise CommandError(sentence(locked)) from None

    def _step(self, name: str, options: dict[str, Any]) -> str:
        folder = options["folder"]
        if options["phase"] == "add":
            return rotating.add(folder, name)
        if options["phase"] == "promote":
            return rotating.promote(folder, name)
        return rotating.retire(folder, name, grace=options["grace"], lost=options["despite_lost_rows"])

"""`manage.py restore FILE`: an instance from a backup, halted until somebody has looked at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from core.backup import making, restoring
from core.backup.archive import BackupError


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty database. The instance is paused afterwards, its wallets pay nothing until a"
        " worker has read the chain up to now, webhooks are off, and everybody has to sign in again."
    )
    # A database that nothing was migrated into is what an older backup needs.
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = restoring.restore(options["file"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        except (OSError, DatabaseError) as error:
            why = str(error).strip()
            raise CommandError(f"The backup could not be restored: {why}. Nothing was restored.") from None
        self.stdout.write(f"Restored from the backup of {manifest.made_at}: {making.told(manifest)}.")
        self.stdout.write(
            "Everything is paused. Start web and a worker, sign in as an operator, open Instance."
        )

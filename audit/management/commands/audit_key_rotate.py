"""`manage.py audit_key_rotate`: sign the heads of the audit record with a fresh key from now on."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import keys

SIGNING, PUBLIC = "audit-signing.json", "audit-public.json"


class Command(BaseCommand):
    help = "Add a fresh key to the keyset that signs the audit record; the old keys stay, for checking."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=settings.DATA_DIR / "keys")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            signing, public = keys.rotated((folder / SIGNING).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError):
            raise CommandError(f"{folder / SIGNING} is not there or no signing keyset.") from None
        # The public half first: whoever stops between the two can check everything that is signed.
        for name, text in ((PUBLIC, public), (SIGNING, signing)):
            _replace(folder / name, text)
            self.stdout.write(f"wrote {folder / name}")
        self.stdout.write("Give web and auditors the new public keyset, then start the workers again.")


def _replace(path: Path, text: str) -> None:
    """Put the new content in place in one step; readable by its owner only."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)

"""`manage.py audit_verify [FILE]`: say whether an audit record is whole, and name the first entry that is broken.

With FILE, an export as JSONL, it needs no database and no key but the public one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import chains, files, keys
from audit.models import Chain
from audit.verifying import Verdict

SELF_CONSISTENT = (
    "Signatures were checked with the key inside the file: that shows only that the file agrees with itself. "
    "Get the public keyset from the panel's operator by another way and name it with --public-keyset."
)


class Command(BaseCommand):
    help = "Check that nobody changed, removed or moved an entry of the audit record, or cut its end off."
    requires_system_checks: list[str] = []  # offline: no database, nothing else of the panel

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="an export as JSONL; without it, the database")
        parser.add_argument("--public-keyset", type=Path, help="audit-public.json of the panel's operator")

    def handle(self, *args: Any, **options: Any) -> None:
        given = _given(options["public_keyset"])
        if options["file"]:
            return self._file(options["file"], given)
        return self._database(given or settings.AUDIT_PUBLIC_KEYSET)

    def _file(self, path: Path, given: str) -> None:
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                header = files.read_header(iter(lines))
                keyset = given or files.embedded_keyset(header)
                verdict = files.verify(header["chain"], lines, _verifier(keyset))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
        except files.Unusable as error:
            raise CommandError(str(error)) from None
        self._say(verdict)
        if not given:
            self.stderr.write(SELF_CONSISTENT if keyset else keys.NO_PUBLIC_KEYSET)
        if verdict.broken:
            raise CommandError("This record is broken. What comes before the named entry holds.")

    def _database(self, keyset: str) -> None:
        verifier, broken = _verifier(keyset), 0
        for chain in Chain.objects.order_by("key"):
            verdict = chains.verdict_of(chain.key, verifier)
            broken += verdict.broken is not None
            self._say(verdict)
        if not keyset:
            self.stderr.write(keys.NO_PUBLIC_KEYSET)
        if broken:
            raise CommandError(
                f"{broken} chains are broken: somebody wrote into the database past the panel."
            )

    def _say(self, verdict: Verdict) -> None:
        self.stdout.write(f"{verdict.chain or 'instance'}: {verdict.sentence()}")


def _given(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip() or "{}"  # an empty file is not no file
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"The public keyset {path} cannot be read.") from None


def _verifier(keyset: str) -> keys.Verifier | None:
    try:
        return keys.verifier(keyset)
    except ValueError as error:
        raise CommandError(str(error)) from None

"""`manage.py wallet_export WALLET_ID --out FILE`: hand out a wallet's key on the worker's machine."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.record import SYSTEM
from core.errors import Refusal
from core.machine import os_user
from wallets import exports
from wallets.models import Wallet

MIN_PASSWORD = 12


class Writable(Protocol):
    """A file, or the terminal."""

    def write(self, text: str, /) -> object: ...


class Command(BaseCommand):
    help = (
        "Export a wallet's key. It needs the private keyset, so it runs on a worker's machine. Whoever has the file can"
        " spend everything the wallet holds, past every limit of the panel; the export stays on record."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("wallet", type=_id)
        parser.add_argument("--out", required=True, help="a new file, or - for the terminal")
        parser.add_argument("--format", choices=exports.FORMATS, default="allowance")
        parser.add_argument("--yes-address", default="", help="the wallet's address, instead of typing it")
        parser.add_argument("--password-file", type=Path, help="for keystore: a file with the password")

    def handle(self, *args: Any, **options: Any) -> None:
        wallet = Wallet.objects.select_related("gateway", "team").filter(pk=options["wallet"]).first()
        if wallet is None:
            raise CommandError("There is no such wallet. Its id stands in the address of its page.")
        try:
            key = exports.open_key(wallet)
            self._confirm(wallet, options["yes_address"])
            password = _password(options["password_file"]) if options["format"] == "keystore" else ""
            text = exports.document(wallet, key, options["format"], password)
        except Refusal as refusal:
            steps = [str(step["label"]) for step in refusal.fault.next_actions]
            raise CommandError(" ".join([refusal.fault.message, *steps])) from None
        details = {"format": options["format"], "command": "wallet_export"}
        with _target(options["out"], self.stdout) as file:
            exports.mark(wallet, actor=SYSTEM, by=os_user(), details=details)
            file.write(text)
        self.stderr.write(
            f"The key of {wallet.label} ({wallet.address}) was exported; its page says so from now on."
        )

    def _confirm(self, wallet: Wallet, given: str) -> None:
        """Let the person say which wallet it is; a mistyped id must not hand out another key."""
        if not given:
            if not sys.stdin.isatty():
                raise CommandError(
                    "Nobody is there to confirm. Give --yes-address with the wallet's address."
                )
            self.stderr.write(
                f"This hands out the key of {wallet.label}, team {wallet.team}, on {wallet.gateway}."
            )
            self.stderr.write("Type its address to go on:")
            given = input().strip()
        if given.lower() != wallet.address.lower():
            raise CommandError("That is not the address of this wallet. Nothing was exported.")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError("is no wallet id; it stands in the address of the wallet's page") from None


def _password(path: Path | None) -> str:
    """Return the keystore's password, from the file or typed twice."""
    if path is not None:
        try:
            password = path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError):
            raise CommandError(f"{path} is not a readable text file. Nothing was exported.") from None
    else:
        password = getpass.getpass("Password for the keystore: ")
        if getpass.getpass("Once more: ") != password:
            raise CommandError("These are two different passwords. Nothing was exported.")
    if len(password) < MIN_PASSWORD:
        raise CommandError(f"The password needs {MIN_PASSWORD} characters or more. Nothing was exported.")
    return password


@contextmanager
def _target(out: str, terminal: Writable) -> Iterator[Writable]:
    """Open the new file (0600) before anything is recorded; it goes again when the export fails."""
    if out == "-":
        yield terminal
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{out} is there already. Give the name of a new file.") from None
    except OSError as error:
        raise CommandError(f"{out} cannot be made ({error.strerror}). Nothing was exported.") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            Path(out).unlink()
        raise

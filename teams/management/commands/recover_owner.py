"""`manage.py recover_owner`: a one-time way back for an owner who lost password or second factor."""

from __future__ import annotations

import getpass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from core.errors import Refusal
from teams.services.operators import RECOVERY_LASTS, recovery_token


class Command(BaseCommand):
    help = "Print a link that lets an owner set a new password, once, within an hour. All owners are told."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = recovery_token(email=options["email"], operator=_operator())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        minutes = int(RECOVERY_LASTS.total_seconds() // 60)
        self.stdout.write(f"{settings.PANEL_URL}{reverse('teams:recover', args=[token])}")
        self.stderr.write(
            f"Works once, for {minutes} minutes. It is recorded, and the owners of the teams are told."
        )


def _operator() -> str:
    """Return who runs the command, as the machine names them."""
    try:
        return f"{getpass.getuser()} on the panel's machine"
    except (KeyError, OSError):
        return "somebody on the panel's machine"

"""`manage.py passkey_first EMAIL`: let an owner's next passkey confirm at once. For a worker's machine."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.record import SYSTEM
from core.errors import Refusal
from teams.models import Membership, Role
from wallets import passkeys


class Command(BaseCommand):
    help = (
        "Let the next passkey of an owner confirm payments and exports at once instead of after a day. Needs the "
        "worker's environment; the leave lasts for seven days and for one passkey in each of the owner's teams."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        owned = Membership.objects.filter(user__email__iexact=options["email"], role=Role.OWNER)
        found = list(owned.select_related("user", "team"))
        if not found:
            raise CommandError(f"Nobody with the address {options['email']} owns a team here.")
        for membership in found:
            until = self._allow(membership)
            if options["verbosity"]:
                self.stdout.write(
                    f"The next passkey in the team {membership.team} may confirm at once, until {until}."
                )

    def _allow(self, membership: Membership) -> str:
        try:
            row = passkeys.allow_first(membership.team, membership.user, actor=SYSTEM)
        except Refusal as refusal:
            raise CommandError(f"{refusal} Run this where a worker runs.") from None
        return f"{row.until:%Y-%m-%d %H:%M} UTC"

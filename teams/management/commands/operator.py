"""`manage.py operator`: say who operates this instance."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refusal
from teams.services.operators import set_operator


class Command(BaseCommand):
    help = "Make a person an operator of this instance: they see health and gateways, and may make teams."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--remove", action="store_true", help="they are no operator any more")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = set_operator(email=options["email"], operates=not options["remove"])
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        said = "is no operator any more" if options["remove"] else "is an operator now"
        self.stdout.write(f"{user.email} {said}.")

"""`manage.py first_owner`: make the first owner of a fresh instance."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from teams.services import create_first_owner


class Command(BaseCommand):
    help = "Make the first owner and their team, if nobody is there yet; print the one-time password as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--team", default="My team")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = create_first_owner(email=options["email"], team_name=options["team"])
        if owner:
            self.stdout.write(json.dumps({"email": owner.email, "password": owner.password}))

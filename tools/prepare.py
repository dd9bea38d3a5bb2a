"""Bring a data folder up to date: keysets, database, cache table, first owner; one Django start for all.

Runs as a process of its own (`python -m tools.prepare --email …`), because keysets must exist before the
panel's settings may name them. Prints first_owner's JSON line, or nothing when somebody is there already.
"""

from __future__ import annotations

import argparse
import os

import django
from django.conf import settings
from django.core.management import call_command


def prepare(email: str) -> None:
    call_command("keysets_init", verbosity=0)
    call_command("migrate", verbosity=0, interactive=False)
    if "cache" in settings.DATABASES:
        call_command("createcachetable", database="cache", verbosity=0)
    call_command("first_owner", email=email)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--email", required=True)
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")
    django.setup()
    prepare(arguments.email)


if __name__ == "__main__":
    main()

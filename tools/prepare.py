"""Bring a data folder up to date: keysets, database, cache table, first owner; one Django start for all.

Runs as a process of its own (`python -m tools.prepare --email …`), because keysets must exist before the
panel's settings may name them. Prints first_owner's JSON line, or nothing when somebody is there already.
"""

from __future__ import annotations

import argparse
import os

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from wallets import keysets


def prepare(email: str) -> None:
    call_command("keysets_init", verbosity=0)
    call_command("migrate", verbosity=0, interactive=False)
    if "cache" in settings.DATABASES:
        call_command("createcachetable", database="cache", verbosity=0)
    is_fresh = not get_user_model().objects.exists()
    call_command("first_owner", email=email)
    if is_fresh:
        _allow_first_passkey(email)


def _allow_first_passkey(email: str) -> None:
    """Let the first owner's passkey confirm at once. This process made the policy key, so it may read it."""
    settings.POLICY_MAC_KEYSET = (settings.DATA_DIR / "keys" / keysets.POLICY_MAC).read_text()
    call_command("passkey_first", email, verbosity=0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--email", required=True)
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")
    django.setup()
    prepare(arguments.email)


if __name__ == "__main__":
    main()

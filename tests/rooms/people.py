"""Further people of the running panel, made as its operator would: by a command with web's environment.

`python -m tests.rooms.people` reads a JSON list of {email, password, roles} and makes them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping

from tools.layout import ROOT
from tools.stack import OWNER_EMAIL, Owner, Stack

PASSWORD = "correct-horse-battery"
#: Not a role in the first owner's team but a team of one's own.
OWN = "own"


def make_people(stack: Stack, roles: Mapping[str, tuple[str, ...]]) -> dict[str, Owner]:
    """Make one person for each name, with those roles in the first owner's team or OWN; return how they sign in."""
    people = {name: Owner(f"{name}@example.com", PASSWORD) for name in roles}
    wanted = [
        {"email": one.email, "password": one.password, "roles": roles[name]} for name, one in people.items()
    ]
    subprocess.run(
        [sys.executable, "-m", "tests.rooms.people"],
        cwd=ROOT,
        env=stack.layout.environment("web"),
        input=json.dumps(wanted),
        text=True,
        check=True,
    )
    return people


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")
    django.setup()
    for person in json.load(sys.stdin):
        _make(**person)


def _make(email: str, password: str, roles: list[str]) -> None:
    from teams.models import Membership, User
    from teams.services import create_team

    user = User.objects.create_user(email, password)
    for role in roles:
        if role == OWN:
            create_team(name=f"Team of {email.partition('@')[0]}", owner=user)
        else:
            team = Membership.objects.get(user__email=OWNER_EMAIL).team
            Membership.objects.create(team=team, user=user, role=role)


if __name__ == "__main__":
    main()

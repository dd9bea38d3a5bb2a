"""Further people of the running panel, made as its operator would: by a command with web's environment.

`python -m tests.rooms.people` reads a JSON list of {email, password, role} and makes them; an empty role gives the
person a team of their own.
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


def make_people(stack: Stack, roles: Mapping[str, str]) -> dict[str, Owner]:
    """Make one person for each name, with that role in the first owner's team; return how they sign in, by name."""
    people = {name: Owner(f"{name}@example.com", PASSWORD) for name in roles}
    wanted = [
        {"email": one.email, "password": one.password, "role": roles[name]} for name, one in people.items()
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


def _make(email: str, password: str, role: str) -> None:
    from teams.models import Membership, User
    from teams.services import create_team

    user = User.objects.create_user(email, password)
    if not role:
        create_team(name=f"Team of {email}", owner=user)
        return
    team = Membership.objects.get(user__email=OWNER_EMAIL).team
    Membership.objects.create(team=team, user=user, role=role)


if __name__ == "__main__":
    main()

"""Two teams and four people. In the second team somebody else has to approve what a tier costs."""

from __future__ import annotations

import base64
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from audit.record import SYSTEM
from operations.models import Operation
from teams.models import Membership, Role, Team, User
from teams.services.teams import create_team
from tests import elsewhere
from tests.passkeys import SoftPasskey
from wallets import keysets, passkeys
from wallets.models import Gateway

APPROVAL_ABOVE = 50_000
MOST_KNOBS = 4


@dataclass
class Asked:
    """What people put in line, as far as they were told: one row for each answer that came."""

    operations: set[str] = field(default_factory=set)
    unanswered: int = 0
    refused: int = 0
    #: What ended a person or decider other than a refusal or a database that does not answer: our mistakes.
    broken: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, *operations: Operation | None) -> None:
        with self._lock:
            self.operations.update(str(one.pk) for one in operations if one is not None)

    def miss(self) -> None:
        """The database did not answer: an error page, and nobody knows whether it was written."""
        with self._lock:
            self.unanswered += 1

    def hear_no(self) -> None:
        with self._lock:
            self.refused += 1


@dataclass
class Person:
    """Somebody who clicks. `tab` is their browser's key for what is shown to it alone."""

    user: User
    team: Team
    passkey: SoftPasskey
    dice: random.Random
    cast: Cast
    tab: str
    passkeys_added: int = 0

    @property
    def asked(self) -> Asked:
        return self.cast.asked


@dataclass
class Cast:
    """Everybody, and the one gateway that they use."""

    gateway: Gateway
    outside: Outside
    asked: Asked
    people: list[Person] = field(default_factory=list)

    def of_team(self, team_id: object) -> list[Person]:
        return [person for person in self.people if person.team.pk == team_id]


class Outside:
    """The sandbox from outside the panel: failures to order, and money to give."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self._folder = port, folder

    def turn(self, do: str, **fields: Any) -> None:
        """Order a failure. When many wait to be met, forget them: a panel that rarely asks would meet nothing else."""
        if len(self._send("GET", "/_sandbox/knobs", None).json()["knobs"]) >= MOST_KNOBS:
            self.clear()
        self._send("POST", "/_sandbox/knobs", {"do": do, **fields})

    def clear(self) -> None:
        self._send("DELETE", "/_sandbox/knobs", None)

    def fund(self, address: str, micros: int) -> None:
        self._send("POST", "/_sandbox/fund", {"address": address, "amount_usd_micros": micros})

    def credit(self, address: str, micros: int) -> None:
        self._send("POST", "/_sandbox/credit", {"address": address, "amount_usd_micros": micros})

    def make_project(self, wallet: str, name: str) -> dict[str, str]:
        """Make a project of this wallet past the panel; return its id and keys."""
        return elsewhere.make_project(self._folder, wallet, name)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        host = {"Host": f"sandbox.localhost:{self.port}"}
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.request(method, url, headers=host, json=body, timeout=5).raise_for_status()


def assemble(keys: Path, outside: Outside, dice: random.Random) -> Cast:
    """Write the people. Their passkeys confirm at once, as the first owner's does."""
    cast = Cast(Gateway.objects.get(slug="sandbox"), outside, Asked())
    for number, name in enumerate(("Halden", "Moss")):
        owner, admin = (_user(f"{who}-{name}".lower()) for who in ("olga", "adam"))
        team = create_team(name=name, owner=owner)
        Team.objects.filter(pk=team.pk).update(approval_above_micros=APPROVAL_ABOVE if number else None)
        Membership.objects.create(team=team, user=admin, role=Role.ADMIN)
        for user in (owner, admin):
            _allow_first_passkey(keys, team, user)
            own = random.Random(dice.random())
            cast.people.append(Person(user, team, SoftPasskey(user), own, cast, _tab()))
    return cast


def _user(name: str) -> User:
    user: User = User.objects.create_user(f"{name}@example.com", "correct-horse-battery")
    return user


def _allow_first_passkey(keys: Path, team: Team, user: User) -> None:
    """Do what only whoever made the keys can: web's environment has none of them."""
    settings.POLICY_MAC_KEYSET = (keys / keysets.POLICY_MAC).read_text()
    passkeys.allow_first(team, user, actor=SYSTEM)
    settings.POLICY_MAC_KEYSET = ""


def _tab() -> str:
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

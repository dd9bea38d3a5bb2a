"""A furnished world: one thing of each noun in reach, out of a limited member's reach, and in another team."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest import mock

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.test.client import ClientHandler

from teams import confirmations
from teams.models import Membership, Role, Scope, Team, User
from tests import factories
from tests.security.matrix.furniture import (
    FOREIGN,
    HIDDEN,
    TIERS,
    Things,
    furnish,
    later,
    own_things,
    person,
    project,
    signed_in,
)
from wallets.models import Wallet

LIMITED = "limited developer"
MEMBERS = ("owner", "admin", "developer", "billing", "viewer", LIMITED)
#: Who has the sessions and factors of the addresses about oneself.
HOLDER = "teamless"
#: Members of a team that has nothing yet.
NEWCOMERS = {"new developer": Role.DEVELOPER, "new biller": Role.BILLING, "new viewer": Role.VIEWER}
OUTSIDE = ("stranger", "teamless", "operator", "anonymous")
IN_TEAM = {name: Role(name) for name in MEMBERS if name != LIMITED} | {LIMITED: Role.DEVELOPER}
ROLES: dict[str, Role] = {**IN_TEAM, **NEWCOMERS}


@dataclass(frozen=True)
class World:
    """Three sets of things, each noun to its id, and the people who look for them."""

    near: Things
    far: Things
    foreign: Things
    people: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    handler: ClientHandler = field(default_factory=lambda: ClientHandler(enforce_csrf_checks=False))
    strict_handler: ClientHandler = field(default_factory=ClientHandler)

    def browser(self, visitor: str, *, checks_tokens: bool = False) -> Client:
        """Return a new browser in which the visitor has signed in. All share one handler: it reads all static files."""
        client = Client()
        client.handler = self.strict_handler if checks_tokens else self.handler
        if visitor in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[visitor]
        return client


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever happens inside.

    Refusals are what is asked for here, so nobody has to log them; and whoever is asked to confirm who they are has
    done so, or the views behind that question would never be reached.
    """
    cache.clear()
    logging.disable(logging.CRITICAL)
    try:
        with transaction.atomic(), mock.patch.object(confirmations, "holds", return_value=True):
            yield
            transaction.set_rollback(True)
    finally:
        logging.disable(logging.NOTSET)


def build() -> World:
    """Make the world. Call it in a transaction that is taken back."""
    gateway = factories.GatewayFactory.create(tiers=TIERS, tiers_at=later())
    team, other = Team.objects.create(name="Home"), Team.objects.create(name=f"{FOREIGN} team")
    people = {name: person(name) for name in (*MEMBERS, *NEWCOMERS, *OUTSIDE) if name != "anonymous"}
    members = {
        name: Membership.objects.create(team=team, user=people[name], role=role)
        for name, role in IN_TEAM.items()
    }
    Membership.objects.create(team=other, user=people["stranger"], role=Role.OWNER)
    empty = Team.objects.create(name="Empty")
    for name, role in NEWCOMERS.items():
        Membership.objects.create(team=empty, user=people[name], role=role)
    User.objects.filter(pk=people["operator"].pk).update(is_operator=True)
    world = World(
        furnish(team, people["owner"], gateway, "NEAR") | own_things(people[HOLDER]),
        furnish(team, people["owner"], gateway, HIDDEN) | own_things(people["admin"]),
        furnish(other, people["stranger"], gateway, FOREIGN) | own_things(people["stranger"]),
        people,
    )
    _limit(members[LIMITED], world)
    world.sessions.update({name: signed_in(user) for name, user in people.items()})
    return world


def _limit(membership: Membership, world: World) -> None:
    """Limit a member to what is near, and to a project whose wallet is not."""
    Membership.objects.filter(pk=membership.pk).update(projects_limited=True, wallets_limited=True)
    far_wallet = Wallet.objects.get(pk=world.far["wallet"])
    mixed = project(far_wallet, "MIXED project")
    ids = (
        (Scope.Kind.PROJECT, world.near["project"]),
        (Scope.Kind.PROJECT, mixed["project"]),
        (Scope.Kind.WALLET, world.near["wallet"]),
    )
    for kind, pk in ids:
        Scope.objects.create(membership=membership, kind=kind, object_id=pk)

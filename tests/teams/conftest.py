"""Two projects of one team, each with a wallet of its own, and a way to limit a member to some of that."""

from __future__ import annotations

import pytest

from projects.models import Project
from teams.models import Membership, Scope, Team, User
from tests.factories import (
    ProjectFactory,
    WalletFactory,
)
from wallets.models import Gateway, Wallet


def limit(
    user: User, *, projects: list[Project] | None = None, wallets: list[Wallet] | None = None
) -> Membership:
    """Limit a person's only membership to these; None leaves it open. Return it as a request would read it."""
    membership = user.memberships.get()
    membership.projects_limited, membership.wallets_limited = projects is not None, wallets is not None
    membership.save()
    membership.scopes.all().delete()
    for kind, rows in ((Scope.Kind.PROJECT, projects or []), (Scope.Kind.WALLET, wallets or [])):
        for row in rows:
            Scope.objects.create(membership=membership, kind=kind, object_id=row.pk)
    return user.memberships.select_related("team").get()


@pytest.fixture
def mine(team: Team, alice: User, gateway: Gateway) -> Project:
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Near")
    found: Project = ProjectFactory.create(team=team, wallet=wallet, created_by=alice, name="near")
    return found


@pytest.fixture
def far(team: Team, alice: User, gateway: Gateway) -> Project:
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice, label="Far")
    found: Project = ProjectFactory.create(team=team, wallet=wallet, created_by=alice, name="far")
    return found

"""What the secrets' page says while its gateway is stopped: nobody reads, and it says why."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project
from teams.models import Team, User
from tests.factories import ProjectFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets import halts
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_alice(client_as: ClientAs, alice: User) -> Client:
    return client_as(alice)


@pytest.fixture
def not_read(alice: User, team: Team, gateway: Gateway) -> Project:
    """A project whose secrets were never read; a worker would."""
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    made: Project = ProjectFactory.create(
        team=team, wallet=wallet, created_by=alice, service_key_sealed=b"sealed"
    )
    return made


@pytest.mark.parametrize("name", ["secrets", "secrets_panel"])
def test_nothing_is_said_to_be_read_while_it_is_stopped(
    name: str, as_alice: Client, alice: User, not_read: Project
) -> None:
    halt = halts.stop(actor=alice.actor, why="Moving", gateway=not_read.gateway)
    page = as_alice.get(reverse(f"projects:{name}", args=[not_read.pk])).content.decode()
    assert f"{halts.said(halt)} The secrets are read once it is resumed." in page
    assert ("Reading" in page, "data-poll" in page) == (False, True)

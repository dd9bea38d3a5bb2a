"""Fixtures that every room's tests share: people of two teams, keysets, a real sandbox, and the engine run in place.

def test_viewer_sees_no_button(client_as: ClientAs, dora: User) -> None:
    page = client_as(dora).get("/projects/")
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from operations import runner
from operations.models import Operation, State
from operations.registry import DEPLOYS, INTERACTIVE, SYNC
from teams.models import Role, Team, User
from tests.factories import GatewayFactory, MembershipFactory, TeamFactory, UserFactory
from tests.sandboxes import Sandbox
from wallets import keysets as keyset_files
from wallets.models import Gateway, GatewayStanding

ClientAs = Callable[[User], Client]
RunOperations = Callable[[], int]

MOST_ROUNDS = 400


# --- People ---


@pytest.fixture
def team(db: None) -> Team:
    """The team of alice, bob and dora."""
    return TeamFactory.create(name="Halden")


@pytest.fixture
def alice(team: Team) -> User:
    """The owner."""
    return _member(team, "alice", Role.OWNER)


@pytest.fixture
def bob(team: Team) -> User:
    """A developer."""
    return _member(team, "bob", Role.DEVELOPER)


@pytest.fixture
def dora(team: Team) -> User:
    """A viewer."""
    return _member(team, "dora", Role.VIEWER)


@pytest.fixture
def charlie(db: None) -> User:
    """The owner of another team."""
    return _member(TeamFactory.create(name="Stranger"), "charlie", Role.OWNER)


def _member(team: Team, name: str, role: Role) -> User:
    user: User = UserFactory.create(email=f"{name}@example.com", name=name.capitalize())
    MembershipFactory.create(team=team, user=user, role=role)
    return user


@pytest.fixture
def client_as() -> ClientAs:
    """Return a browser signed in as somebody."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def confirmed(browser: Client, *keys: str) -> Client:
    """Return the browser after its person confirmed those grave actions (teams.stepup), as if a moment ago."""
    session = browser.session
    session["confirmed"] = {**session.get("confirmed", {}), **dict.fromkeys(keys, time.time())}
    session.save()
    return browser


# --- Gateways and keys ---


@pytest.fixture
def gateway(db: None) -> Gateway:
    """A sandbox gateway that nobody calls: enough for pages. For handlers take `sandbox.gateway`."""
    return GatewayFactory.create()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A real sandbox over HTTP on a free port, one for the whole run; wallets of different tests do not meet."""
    with Sandbox.started(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="session")
def keyset_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    keyset_files.create(folder)
    return folder


@pytest.fixture
def public_keyset(settings: Settings, keyset_folder: Path) -> None:
    """Web's environment: it can seal keys and cover results, and nothing else."""
    settings.VAULT_PUBLIC_KEYSET = (keyset_folder / keyset_files.PUBLIC).read_text()
    settings.AUDIT_PUBLIC_KEYSET = (keyset_folder / keyset_files.AUDIT_PUBLIC).read_text()
    settings.RESULTS_KEYSET = (keyset_folder / keyset_files.RESULTS).read_text()


@pytest.fixture
def keysets(settings: Settings, keyset_folder: Path, public_keyset: None) -> None:
    """A worker's environment: it can unseal, and write limits."""
    settings.VAULT_PRIVATE_KEYSET = (keyset_folder / keyset_files.PRIVATE).read_text()
    settings.POLICY_MAC_KEYSET = (keyset_folder / keyset_files.POLICY_MAC).read_text()
    settings.AUDIT_SIGNING_KEYSET = (keyset_folder / keyset_files.AUDIT_SIGNING).read_text()


# --- The engine ---


@pytest.fixture
def run_operations(db: None) -> RunOperations:
    """Return a function that runs what is in line, in this process, until nothing is; pauses are skipped."""
    return run_all


def run_all() -> int:
    """Run every queue until nothing is due or paused; return how many attempts that took."""
    count = 0
    for _ in range(MOST_ROUNDS):
        count += sum(runner.run_due(queue) for queue in (INTERACTIVE, DEPLOYS, SYNC))
        if not Operation.objects.filter(state=State.QUEUED).update(not_before=timezone.now()):
            return count
        now = timezone.now()
        GatewayStanding.objects.update(held_until=None, resting_until=None, retry_at=now, probing_until=None)
    raise AssertionError(f"operations are still in line after {MOST_ROUNDS} rounds")

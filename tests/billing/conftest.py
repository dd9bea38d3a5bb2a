"""A funded play wallet made by the worker, and failures on order."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from billing import services
from billing.services import NewLimits
from operations import runner
from operations.models import Operation, State
from teams.models import Role, Team, User
from tests.factories import MembershipFactory, UserFactory
from tests.fixtures import RunOperations
from tests.sandboxes import Sandbox
from wallets.models import Gateway, Wallet

TIERS = [
    {
        "name": name,
        "price_micros": micros,
        "price_text": text,
        "lease_days": days,
        "storage_mb": 250,
        "api_calls": 500_000,
        "max_functions": 5,
        "description": "To try things out.",
    }
    for name, micros, text, days in (("prototype", 100_000, "$0.10", 7), ("hobby", 5_000_000, "$5.00", 30))
]
Order = Callable[..., None]


@pytest.fixture
def order(sandbox: Sandbox) -> Iterator[Order]:
    """Return a function that orders a failure of the sandbox (its README lists them); all are gone after the test."""

    def knob(do: str, **fields: Any) -> None:
        call(sandbox, "POST", "/_sandbox/knobs", {"do": do, **fields})

    yield knob
    call(sandbox, "DELETE", "/_sandbox/knobs")


def call(sandbox: Sandbox, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the sandbox something that only it understands."""
    port = sandbox.url.rpartition(":")[2]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        method=method,
        data=json.dumps(body or {}).encode(),
        headers={"Host": f"sandbox.localhost:{port}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


@pytest.fixture
def gateway_here(db: None, sandbox: Sandbox) -> Gateway:
    """The sandbox's row with its price list read."""
    gateway = sandbox.gateway
    gateway.tiers = TIERS
    gateway.save(update_fields=["tiers"])
    return gateway


@pytest.fixture
def wallet(
    gateway_here: Gateway, keysets: None, alice: User, team: Team, run_operations: RunOperations
) -> Wallet:
    """A wallet that a worker made, with nothing in it."""
    made = services.make_wallet(
        team=team, actor=alice, gateway=gateway_here, label="First", limits=NewLimits(1_000_000, 2_000_000)
    )
    run_operations()
    made.refresh_from_db()
    return made


@pytest.fixture
def funded(wallet: Wallet, sandbox: Sandbox) -> Wallet:
    """The wallet with a dollar."""
    call(sandbox, "POST", "/_sandbox/fund", {"address": wallet.address, "amount_usd_micros": 1_000_000})
    wallet.balance_micros = 1_000_000
    wallet.save(update_fields=["balance_micros"])
    return wallet


@pytest.fixture
def members(team: Team, alice: User, bob: User, dora: User) -> dict[str, User]:
    """One member for each role."""
    others: dict[str, User] = {}
    for role in (Role.ADMIN, Role.BILLING):
        others[role] = UserFactory.create(email=f"{role}@example.com")
        MembershipFactory.create(team=team, user=others[role], role=role)
    return {Role.OWNER: alice, Role.DEVELOPER: bob, Role.VIEWER: dora, **others}


def at(browser: Client, gateway: Gateway) -> Client:
    """Make the gateway the browser's current one."""
    session = browser.session
    session["gateway"] = gateway.slug
    session.save()
    return browser


def attempt(operation: Operation) -> Operation:
    """Let a worker take the next thing that is due, as it would; return the operation as it stands then."""
    Operation.objects.filter(pk=operation.pk, state=State.QUEUED).update(not_before=operation.created_at)
    claimed = runner.claim(operation.queue)
    if claimed:
        runner.run(claimed)
    operation.refresh_from_db()
    return operation

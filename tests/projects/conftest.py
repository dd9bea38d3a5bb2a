"""A wallet that really signs at the sandbox, with and without a tier."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

import run402
from run402 import x402
from run402.resources.projects import ProvisionedProject
from run402.transport import LocalhostTransport
from teams.models import User
from tests.factories import WalletFactory
from tests.sandboxes import Sandbox
from wallets import signer, vault
from wallets.models import Wallet
from wallets.models.gateway import BASE_SEPOLIA

PRICE_MICROS = 100_000

Turn = Callable[..., None]


@pytest.fixture
def signing_wallet(sandbox: Sandbox, alice: User, team: object, keysets: None) -> Wallet:
    """Alice's wallet without a tier: its key is sealed as a worker seals it."""
    key = run402.new_key()
    wallet: Wallet = WalletFactory.create(
        team=team,
        gateway=sandbox.gateway,
        owner=alice,
        label="Studio testnet",
        address=run402.address_of(key),
    )
    wallet.key_sealed = vault.seal(key, signer.key_context(wallet))
    wallet.save(update_fields=["key_sealed"])
    return wallet


@pytest.fixture
def tiered_wallet(signing_wallet: Wallet, sandbox: Sandbox) -> Wallet:
    """The same with a paid prototype tier, there and in the mirror."""
    post(sandbox, "/_sandbox/fund", {"address": signing_wallet.address, "amount_usd_micros": PRICE_MICROS})
    policy = x402.CapPolicy(max_micros=PRICE_MICROS, networks=(BASE_SEPOLIA,))
    with signer.client(signing_wallet.gateway, signing_wallet) as client:
        paid = client.tiers.set(
            "prototype", purchase=x402.Purchase(policy=policy, before_send=lambda signed: None)
        )
    signing_wallet.tier, signing_wallet.tier_active = "prototype", True
    signing_wallet.lease_expires_at = paid.value.lease_expires_at
    signing_wallet.save()
    return signing_wallet


@pytest.fixture
def turn(sandbox: Sandbox) -> Turn:
    """Return a function that orders the sandbox to fail: `turn("drop_after", method="POST", path="/projects/v1")`."""

    def order(do: str, **options: object) -> None:
        post(sandbox, "/_sandbox/knobs", {"do": do, **options})

    return order


def post(sandbox: Sandbox, path: str, body: dict[str, object]) -> None:
    with httpx.Client(transport=LocalhostTransport()) as http:
        http.post(sandbox.url + path, json=body).raise_for_status()


@pytest.fixture
def elsewhere(tiered_wallet: Wallet) -> ProvisionedProject:
    """A project that the wallet made without the panel, as the CLI does."""
    with signer.client(tiered_wallet.gateway, tiered_wallet) as client:
        return client.projects.provision(name="tidepool")


def cli_file(*projects: ProvisionedProject, **changes: str) -> str:
    """Return the CLI's file of these projects; `changes` are written over the fields of each."""
    fields = {
        one.project_id: {"anon_key": one.anon_key, "service_key": one.service_key, **changes}
        for one in projects
    }
    return json.dumps({"active_project_id": projects[0].project_id, "projects": fields})

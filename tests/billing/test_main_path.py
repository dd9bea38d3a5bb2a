"""The way of a newcomer's first money: a wallet, the faucet, a tier."""

from __future__ import annotations

from django.urls import reverse

from operations.models import Operation, State
from teams.models import Team, User
from tests.billing.conftest import at
from tests.fixtures import ClientAs, RunOperations
from tests.sandboxes import Sandbox
from wallets.models import Payment, Wallet


def test_owner_makes_a_wallet_draws_from_the_faucet_and_pays_for_a_tier(
    sandbox: Sandbox,
    keysets: None,
    alice: User,
    team: Team,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    browser = at(client_as(alice), sandbox.gateway)
    made = browser.post("/wallets/new", {"label": "First", "per_payment": "1.00", "per_day": "2.00"})
    wallet = Wallet.objects.get(team=team)
    run_operations()
    browser.post(reverse("billing:faucet", args=[wallet.pk]))
    run_operations()
    browser.get("/tiers")
    run_operations()
    confirm = reverse("billing:tier", args=[wallet.pk, "prototype"])
    asked = browser.get(confirm)
    paid = browser.post(confirm, {"micros": "100000"})
    run_operations()

    wallet.refresh_from_db()
    payment = Payment.objects.get()
    assert made["Location"] == paid["Location"] == reverse("billing:wallet", args=[wallet.pk])
    assert "$0.10" in asked.content.decode()
    assert (wallet.balance_micros, wallet.tier, wallet.tier_active) == (150_000, "prototype", True)
    assert (payment.state, payment.paid_by, payment.settled_micros) == ("settled", "x402", 100_000)
    assert payment.transaction == payment.receipt["transaction"]
    assert list(Operation.objects.exclude(state=State.SUCCEEDED)) == []

"""Who may open and do what on the money pages: every address, every role, and strangers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.urls import urlpatterns
from projects.models import Project
from teams import confirmations
from teams.models import Role, User
from tests.billing.conftest import TIERS, at
from tests.factories import PaymentFactory, ProjectFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Checkout, Gateway, Payee, Payment, SpendPolicy, TrustedPasskey, Wallet

EVERYBODY = frozenset(Role)
MONEY = frozenset({Role.OWNER, Role.ADMIN, Role.BILLING})


@dataclass(frozen=True)
class Case:
    """One address: its name, what it is about (the keys of `ask`), method and who may."""

    name: str
    about: str
    method: str
    roles: frozenset[Role]


CASES = (
    Case("wallets", "", "get", EVERYBODY),
    Case("wallet_new", "", "get", MONEY),
    Case("wallet_new", "", "post", MONEY),
    Case("wallet_import", "", "get", MONEY),
    Case("wallet_import", "", "post", MONEY),
    Case("wallet", "wallet", "get", EVERYBODY),
    Case("wallet_receive", "wallet", "get", EVERYBODY),
    Case("wallet_money", "wallet", "get", EVERYBODY),
    Case("wallet_record", "wallet", "get", EVERYBODY),
    Case("faucet", "wallet", "post", MONEY | {Role.DEVELOPER}),
    Case("refresh", "wallet", "post", EVERYBODY),
    Case("limits", "wallet", "get", MONEY),
    Case("limits", "wallet", "post", MONEY),
    Case("tier", "tier", "get", MONEY),
    Case("tier", "tier", "post", MONEY),
    Case("card", "wallet", "get", MONEY),
    Case("card", "wallet", "post", MONEY),
    Case("checkout", "checkout", "get", EVERYBODY),
    Case("checkout_page", "checkout", "get", MONEY),
    Case("checkout_aside", "checkout", "post", MONEY),
    Case("wallet_owner", "wallet", "post", MONEY),
    Case("wallet_export", "wallet", "get", frozenset({Role.OWNER})),
    Case("wallet_freeze", "wallet", "get", MONEY | {Role.DEVELOPER}),
    Case("wallet_freeze", "wallet", "post", MONEY | {Role.DEVELOPER}),
    Case("wallet_unfreeze", "wallet", "post", frozenset({Role.OWNER, Role.ADMIN})),
    Case("wallet_unfreeze_stop", "wallet", "post", MONEY | {Role.DEVELOPER}),
    Case("wallet_users", "wallet", "get", EVERYBODY),
    Case("wallet_sharing", "wallet", "get", MONEY),
    Case("wallet_sharing", "wallet", "post", MONEY),
    # Whoever may, but does not own it, is told so and sent back (tests/wallets/test_sharing.py).
    Case("wallet_open", "wallet", "post", MONEY),
    Case("wallet_share_team_end", "wallet", "post", MONEY),
    Case("wallet_share_end", "member", "post", MONEY),
    Case("wallet_custodians", "wallet", "post", MONEY),
    Case("wallet_custodian_end", "member", "post", MONEY),
    Case("wallet_replace", "wallet", "get", frozenset({Role.OWNER, Role.ADMIN})),
    Case("wallet_replace", "wallet", "post", frozenset({Role.OWNER, Role.ADMIN})),
    Case("wallet_pays", "wallet", "get", MONEY),
    Case("wallet_pays", "wallet", "post", MONEY),
    Case("wallet_retire", "wallet", "get", frozenset({Role.OWNER, Role.ADMIN})),
    Case("wallet_retire", "wallet", "post", frozenset({Role.OWNER, Role.ADMIN})),
    Case("wallet_name", "wallet", "post", MONEY),
    Case("passkeys", "", "get", EVERYBODY),
    Case("passkeys_trust", "", "post", EVERYBODY),
    Case("passkey_refuse", "passkey", "post", frozenset({Role.OWNER})),
    Case("tiers", "", "get", EVERYBODY),
    Case("tiers_refresh", "", "post", EVERYBODY),
    Case("payments", "", "get", EVERYBODY),
    Case("payments_export", "", "post", MONEY),
    Case("costs", "", "get", EVERYBODY),
    Case("statement", "", "get", EVERYBODY),
    Case("project_costs", "project", "get", EVERYBODY),
    Case("payment", "payment", "get", EVERYBODY),
    Case("reconcile", "payment", "post", MONEY),
    Case("decide", "payment", "post", frozenset({Role.OWNER})),
    Case("approvals", "", "get", EVERYBODY),
    Case("threshold", "", "post", frozenset({Role.OWNER})),
    Case("payees", "", "get", EVERYBODY),
    Case("payee_confirm", "payee", "post", frozenset({Role.OWNER})),
)
NAMES = [f"{case.method} {case.name}" for case in CASES]


@pytest.fixture
def payment(gateway: Gateway, alice: User, members: dict[str, User]) -> Payment:
    """A payment of unknown outcome, of a wallet with limits and a tier to buy."""
    gateway.tiers = TIERS
    gateway.save()
    team = alice.teams.get()
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice, label="First")
    SpendPolicy.objects.create(wallet=wallet, per_payment_micros=1_000_000, per_day_micros=2_000_000, mac=b"")
    TrustedPasskey.objects.create(
        team=team, user=alice, role=Role.OWNER, credential_id="AA", eligible_from=timezone.now()
    )
    Payee.objects.create(team=team, gateway=gateway, seen="0x" + "5" * 40)
    ProjectFactory.create(team=team, wallet=wallet, created_by=alice)
    Checkout.objects.create(team=team, wallet=wallet, tier="prototype", state="open", look_at=timezone.now())
    made: Payment = PaymentFactory.create(
        wallet=wallet,
        team=team,
        state=Payment.State.UNKNOWN,
        settled_micros=None,
        nonce="0x" + "11" * 32,
        valid_before=1_700_000_000,
    )
    return made


def ask(browser: Client, case: Case, payment: Payment) -> Any:
    args: dict[str, list[Any]] = {
        "": [],
        "wallet": [payment.wallet_id],
        "tier": [payment.wallet_id, "prototype"],
        "member": [payment.wallet_id, payment.wallet.owner_id],
        "payment": [payment.pk],
        "checkout": list(Checkout.objects.values_list("pk", flat=True)),
        "project": list(Project.objects.values_list("pk", flat=True)),
        "payee": list(Payee.objects.values_list("pk", flat=True)),
        "passkey": list(TrustedPasskey.objects.values_list("pk", flat=True)),
    }
    return getattr(browser, case.method)(reverse(f"billing:{case.name}", args=args[case.about]))


def test_every_address_of_the_room_stands_in_the_table() -> None:
    assert {pattern.name for pattern in urlpatterns} == {case.name for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_only_the_roles_of_the_table_pass(
    case: Case, payment: Payment, members: dict[str, User], client_as: ClientAs, gateway: Gateway
) -> None:
    codes = {
        role: ask(at(client_as(user), gateway), case, payment).status_code for role, user in members.items()
    }
    passed = {role for role, code in codes.items() if code < 400}
    refused = {role for role, code in codes.items() if code == 403}
    assert passed == case.roles
    assert refused == EVERYBODY - case.roles


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.about],
    ids=lambda case: f"{case.method} {case.name}",
)
def test_strangers_do_not_learn_that_it_exists(
    case: Case,
    payment: Payment,
    charlie: User,
    client_as: ClientAs,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even one who has just confirmed who sits there: before, that question is all that anybody is told."""
    monkeypatch.setattr(confirmations, "holds", lambda request, key: True)
    assert ask(at(client_as(charlie), gateway), case, payment).status_code == 404


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_nobody_passes_without_signing_in(case: Case, payment: Payment, client: Client) -> None:
    answer = ask(client, case, payment)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/accounts/login/")


def test_lists_hold_nothing_of_another_team(
    payment: Payment, charlie: User, client_as: ClientAs, gateway: Gateway
) -> None:
    browser = at(client_as(charlie), gateway)
    pages = "".join(browser.get(url).content.decode() for url in ("/wallets/", "/tiers", "/payments"))
    assert "First" not in pages
    assert payment.purpose not in pages


@pytest.mark.parametrize("case", [Case("wallet", "wallet", "get", EVERYBODY)], ids=["get wallet"])
def test_a_viewer_sees_no_button_that_refuses(
    case: Case, payment: Payment, dora: User, client_as: ClientAs, gateway: Gateway
) -> None:
    page = ask(at(client_as(dora), gateway), case, payment).content.decode()
    wallet = Wallet.objects.get()
    for name in ("faucet", "limits"):
        assert reverse(f"billing:{name}", args=[wallet.pk]) not in page

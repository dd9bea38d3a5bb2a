"""Real money: off until an owner's passkey allowed it, paid one by one with a passkey, on the chain that was shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from audit.record import SYSTEM
from billing import limits, real_money, services
from billing.services import NewLimits
from core.errors import Refusal
from operations import approvals, consent, demanding
from operations.models import Operation, State
from operations.work import Work
from sandbox.chain import PAY_TO
from teams.models import Team, User
from tests.billing.conftest import TIERS, at
from tests.billing.test_approval import trusted
from tests.factories import PaymentFactory
from tests.fixtures import ClientAs, RunOperations
from tests.passkeys import SoftPasskey
from tests.sandboxes import Sandbox, turn
from wallets import payees, policies, spending
from wallets.limits import Amounts
from wallets.models import Checkout, Gateway, Payment, Wallet
from wallets.models.gateway import BASE_MAINNET, BASE_SEPOLIA
from wallets.spending import Charge

DOLLAR = 1_000_000
ON_BASE = {"network": BASE_MAINNET}


@pytest.fixture(scope="module")
def cloudlike(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that keeps a ledger under the name of Base too, so that nothing real moves here."""
    told = {"SANDBOX_PRETENDS_BASE": "1"}
    with Sandbox.started(tmp_path_factory.mktemp("cloudlike"), told) as running:
        yield running


@pytest.fixture
def cloud(db: None, cloudlike: Sandbox, team: Team) -> Gateway:
    """That sandbox as a gateway of Cloud's kind, where an owner has confirmed whom to pay."""
    row = cloudlike.gateway
    row.kind, row.tiers = Gateway.Kind.CLOUD, TIERS
    row.rpc_urls = [f"{cloudlike.url}/rpc", f"{cloudlike.url}/rpc/base"]
    row.save()
    return row


@pytest.fixture
def wallet(
    cloud: Gateway,
    cloudlike: Sandbox,
    keysets: None,
    team: Team,
    alice: User,
    run_operations: RunOperations,
) -> Wallet:
    """A wallet with a dollar of test money and ten of the other."""
    made = services.make_wallet(
        team=team, actor=alice, gateway=cloud, label="Production", limits=NewLimits(DOLLAR, 2 * DOLLAR)
    )
    run_operations()
    made.refresh_from_db()
    payees.trust(team, cloud, PAY_TO, actor=SYSTEM)
    cloudlike.fund(made.address, DOLLAR)
    cloudlike.fund(made.address, 10 * DOLLAR, network=BASE_MAINNET)
    return made


@pytest.fixture
def passkey(team: Team, alice: User, keysets: None) -> SoftPasskey:
    """Alice's passkey, which may confirm here."""
    return trusted(alice, team)


@pytest.fixture
def allowed(wallet: Wallet) -> Wallet:
    """The wallet after a worker wrote limits for real money."""
    now = policies.verified(wallet)
    rules = {**now.as_args(), "real": [5 * DOLLAR, 5 * DOLLAR, None, None]}
    policies.write(wallet, policies.Limits.from_args(rules, wallet.networks))
    return wallet


def confirm(operation: Operation, passkey: SoftPasskey, run_operations: RunOperations) -> Operation:
    consent.give(operation, actor=passkey.user, assertion=passkey.confirm(operation))
    run_operations()
    operation.refresh_from_db()
    return operation


def form(**fields: Any) -> dict[str, Any]:
    """Return what the page of the limits sends."""
    return {"per_payment": "5", "per_day": "5", "window": "day", **fields}


def ticket(wallet: Wallet, network: str = "") -> str:
    url = reverse("billing:tier", args=[wallet.pk, "prototype"])
    return f"{url}?network={network}" if network else url


# --- Allowing it ---


def test_it_is_off_and_the_page_that_pays_offers_no_choice(
    wallet: Wallet, alice: User, client_as: ClientAs
) -> None:
    browser = at(client_as(alice), wallet.gateway)
    shown = browser.get(ticket(wallet)).content.decode()
    assert ("Money that pays" in shown, "Base Sepolia" in shown) == (False, True)
    assert browser.get(ticket(wallet, BASE_MAINNET)).status_code == 404
    with pytest.raises(Refusal) as refused:
        services.set_tier(wallet=wallet, actor=alice, tier="prototype", shown_micros=100_000, **ON_BASE)
    assert refused.value.fault.code == "NETWORK_NOT_ALLOWED"


def test_an_owner_allows_it_with_the_wallets_name_and_a_passkey(
    wallet: Wallet,
    alice: User,
    passkey: SoftPasskey,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    browser = at(client_as(alice), wallet.gateway)
    url = f"{reverse('billing:limits', args=[wallet.pk])}?money=real"
    assert "Real money is off." in browser.get(url).content.decode()
    wrong = browser.post(url, form(typed_name="Staging"))
    assert (
        "not the wallet&#x27;s name" in wrong.content.decode(),
        Operation.objects.filter(kind=limits.RAISE).count(),
    ) == (True, 0)
    browser.post(url, form(typed_name="Production"))
    asked = Operation.objects.get(kind=limits.RAISE)
    assert ("Real money", "off → on: what is paid with it leaves for good") in limits.statement(asked)
    assert confirm(asked, passkey, run_operations).state == State.SUCCEEDED
    assert policies.verified(wallet).real == Amounts(5 * DOLLAR, 5 * DOLLAR)
    assert policies.verified(wallet).networks == (BASE_SEPOLIA, BASE_MAINNET)


def test_its_pages_name_both_networks_while_it_is_allowed(
    allowed: Wallet, alice: User, client_as: ClientAs
) -> None:
    browser = at(client_as(alice), allowed.gateway)
    page, address = (
        browser.get(f"/wallets/{allowed.pk}{path}").content.decode() for path in ("", "/address")
    )
    assert "<dd>x402, Base Sepolia and Base" in page
    assert "test money on Base Sepolia, real money on Base." in address
    policies.write(allowed, policies.Limits(DOLLAR, 2 * DOLLAR))
    page, address = (
        browser.get(f"/wallets/{allowed.pk}{path}").content.decode() for path in ("", "/address")
    )
    assert "<dd>x402, Base Sepolia</dd>" in page.replace("\n", "").replace(" </dd>", "</dd>")
    assert "USDC on Base Sepolia only." in address


def test_who_may_not_raise_cannot_allow_it(
    wallet: Wallet, members: dict[str, User], client_as: ClientAs
) -> None:
    browser = at(client_as(members["billing"]), wallet.gateway)
    url = f"{reverse('billing:limits', args=[wallet.pk])}?money=real"
    assert "An owner of the team can allow it" in browser.get(url).content.decode()
    shown = browser.post(url, form(typed_name="Production")).content.decode()
    assert ("you need to be Owner" in shown, Operation.objects.filter(kind=limits.RAISE).count()) == (
        True,
        0,
    )


def test_turning_it_off_needs_no_passkey_and_counts_at_once(
    allowed: Wallet, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    browser = at(client_as(alice), allowed.gateway)
    browser.post(f"{reverse('billing:limits', args=[allowed.pk])}?money=real", {"off": "1"})
    run_operations()
    after = policies.verified(allowed)
    assert (after.real, after.networks, after.per_day_micros) == (None, (BASE_SEPOLIA,), 2 * DOLLAR)


# --- Paying ---


def test_a_tier_is_paid_with_real_money_after_the_tick_and_the_passkey(
    allowed: Wallet,
    alice: User,
    passkey: SoftPasskey,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    browser = at(client_as(alice), allowed.gateway)
    shown = browser.get(ticket(allowed, BASE_MAINNET)).content.decode()
    assert ("You are about to pay" in shown, 'class="ticket real"' in shown) == (True, True)
    unticked = browser.post(ticket(allowed), {"micros": 100_000, "network": BASE_MAINNET})
    assert "nothing was paid" in unticked.content.decode()
    went = browser.post(ticket(allowed), {"micros": 100_000, "network": BASE_MAINNET, "sure": "on"})
    operation = Operation.objects.get(kind="tier.set")
    asked = browser.get(went.headers["Location"]).content.decode()
    assert ("Real money</span>" in asked, "button real large" in asked) == (True, True)
    assert (operation.awaits_consent, went.headers["Location"]) == (True, consent.url(operation))
    run_operations()
    assert Payment.objects.count() == 0
    assert confirm(operation, passkey, run_operations).state == State.SUCCEEDED
    payment = Payment.objects.get()
    assert (payment.state, payment.network, payment.settled_micros) == ("settled", BASE_MAINNET, 100_000)
    run_operations()
    allowed.refresh_from_db()
    assert (allowed.tier, allowed.mainnet_micros, allowed.balance_micros) == ("prototype", 9_900_000, DOLLAR)


def test_test_money_stays_the_first_choice(allowed: Wallet, alice: User, client_as: ClientAs) -> None:
    browser = at(client_as(alice), allowed.gateway)
    shown = browser.get(ticket(allowed)).content.decode()
    assert ("Money that pays" in shown, 'class="ticket test"' in shown) == (True, True)
    browser.post(ticket(allowed), {"micros": 100_000, "network": BASE_SEPOLIA})
    operation = Operation.objects.get(kind="tier.set")
    assert (operation.state, operation.args["network"]) == (State.QUEUED, BASE_SEPOLIA)


def test_without_a_passkeys_word_a_worker_pays_nothing(
    allowed: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = services.set_tier(
        wallet=allowed, actor=alice, tier="prototype", shown_micros=100_000, **ON_BASE
    )
    Operation.objects.filter(pk=operation.pk).update(state=State.QUEUED, reason="")
    run_operations()
    operation.refresh_from_db()
    assert (operation.state, operation.error["code"]) == (State.FAILED, "CONSENT_MISSING")
    assert Payment.objects.count() == 0


def test_the_gate_itself_takes_no_real_money_without_it(allowed: Wallet, alice: User) -> None:
    operation = services.set_tier(
        wallet=allowed, actor=alice, tier="prototype", shown_micros=100_000, network=BASE_SEPOLIA
    )
    charge = Charge(operation.pk, "tier.set", "Prototype", 100_000, BASE_MAINNET, alice.actor)
    with pytest.raises(Refusal) as by_the_gate:
        spending.reserve(allowed, charge)
    with pytest.raises(Refusal) as by_the_worker:
        demanding.reserve(Work(operation), allowed, charge, cost=Payment.Cost.TIER)
    assert [each.value.fault.code for each in (by_the_gate, by_the_worker)] == [
        "PASSKEY_NEEDED",
        "CONSENT_MISSING",
    ]


def test_an_empty_wallet_on_base_is_told_to_be_funded_there(
    allowed: Wallet, alice: User, passkey: SoftPasskey, run_operations: RunOperations
) -> None:
    Gateway.objects.filter(pk=allowed.gateway_id).update(tiers=[{**TIERS[0], "price_micros": 11 * DOLLAR}])
    rules = {**policies.verified(allowed).as_args(), "real": [50 * DOLLAR, 50 * DOLLAR, None, None]}
    policies.write(allowed, policies.Limits.from_args(rules, allowed.networks))
    allowed.refresh_from_db()
    operation = services.set_tier(
        wallet=allowed, actor=alice, tier="prototype", shown_micros=11 * DOLLAR, **ON_BASE
    )
    assert confirm(operation, passkey, run_operations).error["code"] == "INSUFFICIENT_FUNDS"
    assert "$10.00 of USDC on Base" in operation.error["message"]
    assert Payment.objects.get().state == "released"


def test_a_gateway_that_offers_it_first_gets_test_money_all_the_same(
    allowed: Wallet, alice: User, run_operations: RunOperations
) -> None:
    services.set_tier(wallet=allowed, actor=alice, tier="prototype", shown_micros=100_000)
    run_operations()
    assert Payment.objects.get().network == BASE_SEPOLIA


def test_a_passkeys_word_holds_while_a_second_person_takes_hours(
    allowed: Wallet,
    cloudlike: Sandbox,
    alice: User,
    passkey: SoftPasskey,
    members: dict[str, User],
    run_operations: RunOperations,
) -> None:
    Team.objects.filter(pk=allowed.team_id).update(approval_above_micros=0)
    operation = services.set_tier(
        wallet=allowed, actor=alice, tier="prototype", shown_micros=100_000, **ON_BASE
    )
    assert confirm(operation, passkey, run_operations).reason == "approval"
    turn(cloudlike, {"do": "clock", "seconds": 3 * 3600, "only": "proofs"})
    with time_machine.travel(timezone.now() + timedelta(hours=3)):
        admin = trusted(members["admin"], allowed.team)
        approvals.approve(
            operation=operation,
            actor=members["admin"],
            digest=str(approvals.request_of(operation).digest),  # type: ignore[union-attr]
            assertion=admin.sign(bytes.fromhex(approvals.request_of(operation).digest)),  # type: ignore[union-attr]
        )
        run_operations()
    turn(cloudlike, None)
    operation.refresh_from_db()
    assert (operation.state, Payment.objects.get().state) == (State.SUCCEEDED, "settled")


def test_a_passkeys_word_that_no_worker_saw_in_time_is_over(
    allowed: Wallet, alice: User, passkey: SoftPasskey, run_operations: RunOperations
) -> None:
    operation = services.set_tier(
        wallet=allowed, actor=alice, tier="prototype", shown_micros=100_000, **ON_BASE
    )
    consent.give(operation, actor=alice, assertion=passkey.confirm(operation))
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        run_operations()
    operation.refresh_from_db()
    assert (operation.error["code"], Payment.objects.count()) == ("CONSENT_EXPIRED", 0)


def test_a_reservation_that_web_forged_pays_nothing_without_the_passkey(
    allowed: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = services.set_tier(
        wallet=allowed, actor=alice, tier="prototype", shown_micros=100_000, **ON_BASE
    )
    PaymentFactory.create(
        wallet=allowed,
        team=allowed.team,
        operation_id=operation.pk,
        amount_micros=100_000,
        network=BASE_MAINNET,
        state="reserved",
    )
    Operation.objects.filter(pk=operation.pk).update(state=State.QUEUED, reason="")
    run_operations()
    operation.refresh_from_db()
    assert (operation.error["code"], Payment.objects.get().nonce) == ("CONSENT_MISSING", "")


def test_one_gesture_pays_once_whatever_became_of_the_row(
    allowed: Wallet, alice: User, passkey: SoftPasskey, run_operations: RunOperations
) -> None:
    operation = services.set_tier(
        wallet=allowed, actor=alice, tier="prototype", shown_micros=100_000, **ON_BASE
    )
    assert confirm(operation, passkey, run_operations).state == State.SUCCEEDED
    Payment.objects.all().delete()
    Operation.objects.filter(pk=operation.pk).update(
        state=State.QUEUED, checkpoints={}, attempts=0, finished_at=None, not_before=timezone.now()
    )
    run_operations()
    operation.refresh_from_db()
    assert (operation.error["code"], Payment.objects.count()) == ("PAYMENT_GONE", 0)


def test_a_balance_that_a_card_has_filled_is_not_spent_as_test_money(
    allowed: Wallet, cloudlike: Sandbox, alice: User, run_operations: RunOperations
) -> None:
    cloudlike.credit(allowed.address, 5 * DOLLAR)
    Checkout.objects.create(
        team=allowed.team, wallet=allowed, product="balance", amount_micros=5 * DOLLAR, state="paid"
    )
    assert real_money.balance_network(allowed) == BASE_MAINNET
    operation = services.set_tier(wallet=allowed, actor=alice, tier="prototype", shown_micros=100_000)
    run_operations()
    operation.refresh_from_db()
    assert (operation.error["code"], Payment.objects.get().state) == ("BALANCE_IS_REAL", "released")

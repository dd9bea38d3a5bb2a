"""Paying by card: the link is asked for, kept under cover, and followed until Run402 shows what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from audit.models import Event
from billing import checkouts, services
from billing.checkouts import FOLLOW, GRACE, LIFE
from billing.handlers import checkout as handler
from billing.handlers import mirror
from billing.handlers.outside import enter_debits
from core.errors import Refusal
from notifications import watch
from notifications.models import Notice
from operations.models import Operation, OperationEvent, OperationRequest, Result, State
from run402 import Client
from teams.models import User
from teams.permissions import NotAllowed
from tests.billing.cards import asked, operation_of, payments, press
from tests.billing.conftest import Order, attempt
from tests.factories import GatewayFactory, PaymentFactory, WalletFactory
from tests.fixtures import RunOperations
from tests.sandboxes import Sandbox
from wallets import cards, outside, signer, windows
from wallets.limits import Cap
from wallets.models import Checkout, Gateway, Payment, Wallet
from wallets.selectors import spent_in_a_day_micros

pytestmark = pytest.mark.django_db(transaction=True)

HOBBY = 5_000_000
Look = Callable[[], Checkout]


@pytest.fixture
def checkout(wallet: Wallet, alice: User, run_operations: RunOperations) -> Checkout:
    """A link of the hobby tier that can be paid."""
    made = asked(wallet, alice)
    run_operations()
    made.refresh_from_db()
    return made


@pytest.fixture
def look(checkout: Checkout, run_operations: RunOperations) -> Look:
    """Return a function that has Run402 read for the checkout now."""

    def looked() -> Checkout:
        Checkout.objects.filter(pk=checkout.pk).update(look_at=None)
        checkout.refresh_from_db()
        Checkout.objects.filter(pk=checkout.pk).update(created_at=checkout.created_at - timedelta(seconds=3))
        checkout.refresh_from_db()
        assert checkouts.look(checkout, watched=True) is not None
        run_operations()
        checkout.refresh_from_db()
        return checkout

    return looked


def test_a_link_is_asked_for_and_can_be_paid_for_a_day(checkout: Checkout, sandbox: Sandbox) -> None:
    assert (checkout.state, checkout.amount_micros) == (Checkout.State.OPEN, HOBBY)
    assert checkout.before == {"tier": "", "lease_expires_at": "", "prepaid_micros": 0}
    assert checkout.topup_id.startswith("top_")
    assert checkout.expires_at is not None
    assert LIFE - timedelta(minutes=1) < checkout.expires_at - timezone.now() <= LIFE
    assert checkouts.link_of(checkout).startswith(f"{sandbox.url}/_sandbox/checkout/cs_sandbox_")


def test_the_link_stands_in_no_column_in_the_clear(checkout: Checkout) -> None:
    secret = checkouts.link_of(checkout).rpartition("/")[2].encode()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert not any(secret in str(row).encode() for row in cursor.fetchall()), table
    assert Result.objects.filter(operation=operation_of(checkout), field="link").count() == 1


def test_a_paid_link_is_noticed_and_its_sum_enters_the_ledger_as_paid_by_card(
    checkout: Checkout, look: Look, sandbox: Sandbox, wallet: Wallet, alice: User
) -> None:
    assert look().state == Checkout.State.OPEN
    press(sandbox, checkout)
    paid = look()
    assert (paid.state, paid.paid_micros) == (Checkout.State.PAID, HOBBY)
    assert payments(wallet) == [("card", HOBBY, "card:test", "Hobby tier, by card")]
    payment = Payment.objects.get()
    assert (payment.actor_id, payment.operation_id, payment.cost) == (alice.pk, paid.operation_id, "tier")
    assert payment.pk == paid.payment_id
    wallet.refresh_from_db()
    assert (wallet.tier, wallet.tier_active) == ("hobby", True)
    event = Event.objects.get(action="checkout.paid")
    assert (event.details["amount_micros"], event.details["network"]) == (HOBBY, "card:test")


def test_who_asked_for_a_page_is_told_once_that_it_was_paid(
    checkout: Checkout, sandbox: Sandbox, look: Look, alice: User
) -> None:
    watch.look()
    assert not Notice.objects.filter(event="payment.card").exists()
    press(sandbox, checkout)
    look()
    watch.look()
    watch.look()
    notice = Notice.objects.get(event="payment.card")
    assert (notice.person, notice.title) == (alice, "Paid: Hobby tier, by card")
    assert (notice.text, notice.url) == ("$5.00 arrived at Run402 for First.", f"/checkouts/{checkout.pk}")


def test_what_is_paid_after_the_tier_was_read_is_mirrored_all_the_same(
    checkout: Checkout, look: Look, sandbox: Sandbox, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, presses = mirror.read_account, [checkout]

    def pays_after(client: Client, of: Wallet) -> None:
        read(client, of)
        if presses:
            press(sandbox, presses.pop())

    monkeypatch.setattr(handler, "read_account", pays_after)
    assert look().state == Checkout.State.PAID
    wallet.refresh_from_db()
    assert (wallet.tier, wallet.tier_active) == ("hobby", True)


def test_no_limit_of_the_wallet_counts_what_a_card_paid(
    checkout: Checkout, look: Look, sandbox: Sandbox, wallet: Wallet
) -> None:
    press(sandbox, checkout)
    look()
    cap = Cap("wallet", "", "test", "day", 2_000_000)
    assert windows.used(wallet, [cap], timezone.now()) == {cap: 0}
    assert spent_in_a_day_micros(wallet) == 0


def test_what_a_card_paid_is_not_found_as_paid_elsewhere(
    checkout: Checkout, look: Look, sandbox: Sandbox, wallet: Wallet
) -> None:
    press(sandbox, checkout)
    now = timezone.now()
    span = (now - timedelta(hours=1), now + timedelta(minutes=1))
    look()
    with signer.client(wallet.gateway, wallet) as client:
        assert [entry.micros for entry in client.billing.history_since(span[0]) if entry.is_debit] == [HOBBY]
        assert enter_debits(client, wallet, *span) == []


def test_a_balance_is_filled_and_enters_the_ledger(
    wallet: Wallet, alice: User, sandbox: Sandbox, run_operations: RunOperations
) -> None:
    made = checkouts.ask_for_balance(wallet=wallet, actor=alice, micros=1_500_000)
    run_operations()
    made.refresh_from_db()
    press(sandbox, made)
    with time_machine.travel(timezone.now() + timedelta(seconds=5)):
        assert checkouts.look(made, watched=True) is not None
        run_operations()
    made.refresh_from_db()
    assert (made.state, made.paid_micros) == (Checkout.State.PAID, 1_500_000)
    assert payments(wallet) == [("card", 1_500_000, "card:test", "Prepaid balance, by card")]
    wallet.refresh_from_db()
    assert wallet.prepaid_micros == 1_500_000


def test_leaving_the_page_changes_nothing(checkout: Checkout, look: Look, sandbox: Sandbox) -> None:
    press(sandbox, checkout, "abandon")
    assert look().state == Checkout.State.OPEN


def test_what_was_not_paid_in_its_day_has_expired(
    checkout: Checkout, look: Look, sandbox: Sandbox, wallet: Wallet
) -> None:
    press(sandbox, checkout, "expire")
    Checkout.objects.filter(pk=checkout.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert look().state == Checkout.State.OPEN  # paid in the last moment, perhaps
    assert checkouts.link_of(checkout) == ""
    Checkout.objects.filter(pk=checkout.pk).update(expires_at=timezone.now() - GRACE)
    assert look().state == Checkout.State.EXPIRED
    assert (payments(wallet), Event.objects.filter(action="checkout.expired").count()) == ([], 1)


def test_what_was_put_aside_can_still_be_paid_and_that_is_seen(
    checkout: Checkout, look: Look, sandbox: Sandbox, alice: User
) -> None:
    checkouts.put_aside(checkout=checkout, actor=alice)
    press(sandbox, checkout)
    assert look().state == Checkout.State.PAID
    with pytest.raises(Refusal, match="ended already"):
        checkouts.put_aside(checkout=checkout, actor=alice)


def test_a_link_to_a_foreign_host_is_thrown_away_with_one_sentence(
    wallet: Wallet, alice: User, order: Order, run_operations: RunOperations
) -> None:
    order("foreign_checkout", url="https://checkout.stripe.com.evil.example/pay/secret-path")
    made = asked(wallet, alice)
    run_operations()
    made.refresh_from_db()
    assert (made.state, made.host) == (Checkout.State.FOREIGN, "checkout.stripe.com.evil.example")
    assert checkouts.link_of(made) == ""
    operation = operation_of(made)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "CHECKOUT_FOREIGN")
    assert operation.error["message"].startswith(
        "Run402 answered with a payment page on checkout.stripe.com.evil.example, which is not one"
    )
    assert operation.error["next_actions"][0]["label"] == "Pay from the wallet instead, and tell Run402"
    assert not Result.objects.exists()
    assert "secret-path" not in str(operation.error) + str(list(OperationEvent.objects.values()))


def test_the_requests_of_the_operation_hold_no_link(checkout: Checkout) -> None:
    secret = checkouts.link_of(checkout).rpartition("/")[2]
    assert OperationRequest.objects.exists()
    told = str([list(model.objects.values()) for model in (OperationRequest, OperationEvent, Event)])
    assert secret not in told


def test_two_wishes_for_the_same_are_one_link(checkout: Checkout, wallet: Wallet, alice: User) -> None:
    assert asked(wallet, alice).pk == checkout.pk
    assert asked(wallet, alice, "prototype").pk != checkout.pk
    first = checkouts.ask_for_balance(wallet=wallet, actor=alice, micros=1_000_000)
    assert checkouts.ask_for_balance(wallet=wallet, actor=alice, micros=1_000_000).pk == first.pk
    assert checkouts.ask_for_balance(wallet=wallet, actor=alice, micros=2_000_000).pk != first.pk


def test_an_expired_one_is_no_obstacle_to_the_next(checkout: Checkout, wallet: Wallet, alice: User) -> None:
    Checkout.objects.filter(pk=checkout.pk).update(expires_at=timezone.now())
    assert asked(wallet, alice).pk != checkout.pk


def test_one_look_serves_all_who_watch(checkout: Checkout) -> None:
    with time_machine.travel(timezone.now() + timedelta(seconds=5)):
        stale = Checkout.objects.get(pk=checkout.pk)
        assert checkouts.look(checkout, watched=True) is not None
        assert checkouts.look(stale, watched=True) is None
        assert checkouts.look(Checkout.objects.get(pk=checkout.pk), watched=True) is None
    assert Operation.objects.filter(kind=FOLLOW).count() == 1


def test_looks_become_rarer_and_are_planned_while_nobody_watches(checkout: Checkout) -> None:
    pauses = [
        checkouts.pause_at(age, watched=watched)
        for watched in (True, False)
        for age in (timedelta(minutes=1), timedelta(minutes=30), timedelta(hours=5))
    ]
    assert [pause.total_seconds() for pause in pauses] == [2, 10, 60, 180, 180, 1800]
    gateway = checkout.wallet.gateway
    assert checkouts.plan(gateway, 10) == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=4)):
        assert [checkouts.plan(gateway, 10) for _ in range(2)] == [1, 0]


def test_a_lease_that_the_wallet_paid_for_itself_is_not_taken_for_a_paid_link(
    funded: Wallet, alice: User, sandbox: Sandbox, run_operations: RunOperations
) -> None:
    made = asked(funded, alice, "prototype")
    run_operations()
    services.set_tier(wallet=funded, actor=alice, tier="prototype", shown_micros=100_000)
    run_operations()
    with time_machine.travel(timezone.now() + timedelta(seconds=5)):
        made.refresh_from_db()
        checkouts.look(made, watched=True)
        run_operations()
    made.refresh_from_db()
    assert (made.state, [paid_by for paid_by, *_ in payments(funded)]) == (Checkout.State.OPEN, ["x402"])


def test_a_gateway_without_checkouts_is_told_in_a_sentence(
    wallet: Wallet, alice: User, order: Order, run_operations: RunOperations
) -> None:
    order("status", path="/orgs/v1/lookup", method="GET", status=404, code="NOT_FOUND", times=5)
    order("status", path="/billing/v1/*", method="POST", status=404, code="NOT_FOUND", times=5)
    order("status", path="/billing/v1/*", method="GET", status=404, code="NOT_FOUND", times=5)
    made = asked(wallet, alice)
    run_operations()
    made.refresh_from_db()
    operation = operation_of(made)
    assert (made.state, operation.error["code"]) == (Checkout.State.FAILED, "NO_CHECKOUT")
    assert operation.error["next_actions"][0]["url"] == f"/tiers?wallet={wallet.pk}"


def test_a_lost_answer_is_asked_for_again_under_the_same_key(
    wallet: Wallet, alice: User, order: Order
) -> None:
    order("drop_after", path="*/checkouts", method="POST")
    made = asked(wallet, alice)
    operation = operation_of(made)
    for _ in range(6):
        attempt(operation)
    made.refresh_from_db()
    assert (operation.state, made.state) == (State.SUCCEEDED, Checkout.State.OPEN)
    keys = OperationRequest.objects.filter(method="POST").values_list("idempotency_key", flat=True)
    assert set(keys) == {operation.idempotency_key}


def test_core_sells_nothing_by_card(db: None, alice: User, wallet: Wallet) -> None:
    core = GatewayFactory.create(slug="core", kind=Gateway.Kind.CORE, tiers=wallet.gateway.tiers)
    there = WalletFactory.create(team=wallet.team, gateway=core)
    with pytest.raises(Refusal, match="sells nothing by card"):
        asked(there, alice)


def test_who_may_not_pay_may_not_ask_either(wallet: Wallet, bob: User, dora: User, alice: User) -> None:
    with pytest.raises(NotAllowed):
        asked(wallet, dora)
    assert not Checkout.objects.exists()
    made = asked(wallet, alice)
    with pytest.raises(NotAllowed):
        checkouts.put_aside(checkout=made, actor=dora)


def test_a_card_that_filled_the_balance_hides_no_debit_of_the_same_sum(checkout: Checkout) -> None:
    now = timezone.now()
    PaymentFactory.create(
        wallet=checkout.wallet, paid_by="card", cost="other", amount_micros=9, settled_micros=9, ended_at=now
    )
    debit = outside.Debit("ent_1", 9, now)
    assert outside.debits_elsewhere(checkout.wallet, [debit]) == [debit]
    Payment.objects.update(cost="tier")
    assert outside.debits_elsewhere(checkout.wallet, [debit]) == []


def test_a_paid_one_is_entered_once(checkout: Checkout) -> None:
    paid = cards.Paid(HOBBY, "ent_1", timezone.now() + timedelta(days=400))
    assert [cards.pay(checkout, paid, actor_id=None) for _ in range(2)] == [True, False]
    payment = Payment.objects.get()
    assert payment.reserved_at <= timezone.now()

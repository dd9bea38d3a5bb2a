"""Paying for a tier when things go wrong: reserved first, signed once, told truly."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from audit.record import SYSTEM
from billing import services
from billing.handlers import settling, tiers
from core.errors import Refusal
from operations import runner
from operations.models import Operation, OperationRequest, Reason, State
from operations.reconciling import MOST_DOUBTS
from run402 import Client, x402
from teams.models import User
from tests.billing.conftest import Order, at, attempt, call
from tests.fixtures import ClientAs, RunOperations
from tests.sandboxes import Sandbox
from tests.wallets.conftest import charge
from wallets import closing, freezing, policies, spending
from wallets.limits import Cap
from wallets.models import Gateway, Payment, SpendPolicy, Wallet
from wallets.policies import Limits

WhenSigned = Callable[[Callable[[], None]], None]
PATH = "/tiers/v1/prototype"
LATER = 400


def pay(wallet: Wallet, actor: User, tier: str = "prototype") -> Operation:
    price = next(row["price_micros"] for row in wallet.gateway.tiers if row["name"] == tier)
    return services.set_tier(wallet=wallet, actor=actor, tier=tier, shown_micros=price)


def posts(operation: Operation) -> int:
    return OperationRequest.objects.filter(operation=operation, method="POST", path=PATH).count()


def ended(operation: Operation) -> tuple[str, str]:
    """Return the state and the code of the error."""
    operation.refresh_from_db()
    return operation.state, operation.error.get("code", "")


@pytest.fixture
def when_signed(monkeypatch: pytest.MonkeyPatch) -> WhenSigned:
    """Return a function that has something happen right after a payment's row is signed, before it leaves."""
    store = spending._store_signed

    def arrange(happens: Callable[[], None]) -> None:
        def stored(payment: Payment, signed: x402.SignedPayment) -> None:
            store(payment, signed)
            happens()

        monkeypatch.setattr(spending, "_store_signed", stored)

    return arrange


# --- Nothing is signed ---


def test_an_empty_wallet_is_told_so_and_the_reservation_ends(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = pay(wallet, alice)
    run_operations()
    payment = Payment.objects.get()
    assert ended(operation) == (State.FAILED, "INSUFFICIENT_FUNDS")
    assert operation.error["next_actions"][0]["url"] == f"/wallets/{wallet.pk}"
    assert (payment.state, payment.nonce, posts(operation)) == ("released", "", 0)


def test_a_price_above_the_shown_one_is_not_signed(
    funded: Wallet, gateway_here: Gateway, alice: User, run_operations: RunOperations
) -> None:
    gateway_here.tiers = [{**gateway_here.tiers[0], "price_micros": 50_000}]
    gateway_here.save()
    funded.refresh_from_db()
    operation = pay(funded, alice)
    run_operations()
    assert ended(operation) == (State.FAILED, "PRICE_CHANGED")
    assert (Payment.objects.get().state, Payment.objects.get().nonce) == ("released", "")


def test_a_wrong_clock_signs_nothing_and_says_what_to_check(
    funded: Wallet, alice: User, run_operations: RunOperations, order: Order
) -> None:
    order("clock", seconds=-7200, only="proofs")
    operation = pay(funded, alice)
    run_operations()
    assert ended(operation) == (State.FAILED, "PAYMENT_REQUIRED")
    assert "clock" in operation.error["hint"]
    assert (Payment.objects.get().state, Payment.objects.get().nonce) == ("released", "")


def test_a_limit_refuses_before_anything_leaves(
    funded: Wallet, gateway_here: Gateway, alice: User, run_operations: RunOperations
) -> None:
    operation = pay(funded, alice, "hobby")
    run_operations()
    assert ended(operation) == (State.FAILED, "LIMIT_PER_PAYMENT")
    assert (Payment.objects.count(), OperationRequest.objects.filter(operation=operation).count()) == (0, 0)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(0, 0),
        Limits(1_000_000, 2_000_000, caps=(Cap("kind", "tier", "test", "day", 0),)),
    ],
)
def test_a_cap_of_zero_holds_against_a_balance_at_run402_too(
    funded: Wallet,
    alice: User,
    run_operations: RunOperations,
    sandbox: Sandbox,
    order: Order,
    limits: Limits,
) -> None:
    call(sandbox, "POST", "/_sandbox/fund", {"address": funded.address, "amount_usd_micros": 9_000_000})
    policies.write(funded, Limits(9_000_000, 90_000_000))
    for tier in ("hobby", "prototype"):  # leaving the dearer one fills the balance that needs no signature
        pay(funded, alice, tier)
        run_operations()
    policies.write(funded, limits)
    order("delay", path=PATH, method="POST", times=1, milliseconds=1)
    operation = pay(funded, alice)
    run_operations()
    state, code = ended(operation)
    assert (state, code.startswith("LIMIT_")) == (State.FAILED, True)
    assert OperationRequest.objects.filter(operation=operation).count() == 0
    assert len(call(sandbox, "GET", "/_sandbox/knobs")["knobs"]) == 1  # the gateway saw no such request


def test_a_tampered_policy_pays_nothing(funded: Wallet, alice: User, run_operations: RunOperations) -> None:
    SpendPolicy.objects.update(per_day_micros=90_000_000)
    operation = pay(funded, alice)
    run_operations()
    assert ended(operation) == (State.FAILED, "POLICY_TAMPERED")
    assert Payment.objects.count() == 0


def test_a_gateway_that_does_not_answer_the_ask_is_asked_again_under_the_same_key(
    funded: Wallet, alice: User, run_operations: RunOperations, order: Order
) -> None:
    order("drop_before", path=PATH, method="POST", times=2)
    operation = pay(funded, alice)
    run_operations()
    operation.refresh_from_db()
    keys = set(
        OperationRequest.objects.filter(operation=operation, path=PATH).values_list(
            "idempotency_key", flat=True
        )
    )
    assert (operation.state, Payment.objects.get().state) == (State.SUCCEEDED, "settled")
    assert keys == {operation.idempotency_key}


def test_a_gateway_that_stays_silent_ends_the_reservation(
    funded: Wallet, alice: User, run_operations: RunOperations, order: Order
) -> None:
    order("drop_before", path=PATH, method="POST", times=99)
    operation = pay(funded, alice)
    run_operations()
    assert ended(operation) == (State.FAILED, "NETWORK_ERROR")
    assert (Payment.objects.get().state, Payment.objects.get().nonce) == ("released", "")


# --- Paid by what Run402 keeps ---


def test_a_tier_that_the_balance_at_run402_covers_needs_no_signature(
    funded: Wallet, alice: User, run_operations: RunOperations, sandbox: Sandbox
) -> None:
    call(sandbox, "POST", "/_sandbox/fund", {"address": funded.address, "amount_usd_micros": 9_000_000})
    policies.write(funded, Limits(9_000_000, 90_000_000, funded.gateway.networks))
    for tier in ("hobby", "prototype"):  # leaving the dearer one credits the rest of its lease
        pay(funded, alice, tier)
        run_operations()
        funded.refresh_from_db()
    operation = pay(funded, alice)
    run_operations()
    payment = Payment.objects.get(operation_id=operation.pk)
    assert (payment.state, payment.paid_by, payment.settled_micros, payment.nonce) == (
        "settled",
        "balance",
        100_000,
        "",
    )
    assert payment.purpose == "Prototype tier, renewal"


def test_the_balance_at_run402_pays_although_the_wallet_is_empty_and_the_page_says_so_before(
    wallet: Wallet, alice: User, run_operations: RunOperations, sandbox: Sandbox, client_as: ClientAs
) -> None:
    call(sandbox, "POST", "/_sandbox/credit", {"address": wallet.address, "amount_usd_micros": 130_000})
    services.refresh_wallet(wallet=wallet)
    run_operations()
    page = at(client_as(alice), wallet.gateway).get(f"/wallets/{wallet.pk}/tier/prototype").content.decode()
    assert "the balance that Run402 keeps" in page
    assert "$0.03" in page
    assert "The wallet holds too little." not in page
    operation = pay(wallet, alice)
    run_operations()
    assert ended(operation)[0] == State.SUCCEEDED
    payment = Payment.objects.get(operation_id=operation.pk)
    assert (payment.paid_by, payment.settled_micros, payment.nonce) == ("balance", 100_000, "")


# --- The answer is lost ---


def test_a_lost_settlement_is_presented_again_and_never_signed_twice(
    funded: Wallet, alice: User, run_operations: RunOperations, order: Order
) -> None:
    order("lose_settlement")
    operation = attempt(pay(funded, alice))
    doubtful = Payment.objects.get()
    assert (operation.state, doubtful.state) == (State.QUEUED, "unknown")

    run_operations()
    payment = Payment.objects.get()
    operation.refresh_from_db()
    funded.refresh_from_db()
    assert (operation.state, payment.state, payment.paid_by) == (State.SUCCEEDED, "settled", "x402")
    assert payment.nonce == doubtful.nonce
    assert (funded.tier, funded.balance_micros) == ("prototype", 900_000)


def test_after_a_freeze_the_chain_tells_what_was_paid_before_it(
    funded: Wallet, alice: User, run_operations: RunOperations, order: Order
) -> None:
    order("lose_settlement")
    operation = attempt(pay(funded, alice))
    freezing.freeze(funded, actor=alice.actor, why="A key is missing")
    operation = attempt(operation)
    assert (operation.state, operation.error) == (State.QUEUED, {})
    with time_machine.travel(time.time() + LATER):
        order("clock", seconds=LATER, only="proofs")
        run_operations()
    assert ended(operation) == (State.FAILED, "PAID_NOT_DELIVERED")
    assert (Payment.objects.get().state, Payment.objects.get().paid_by) == ("settled", "x402")


def test_while_the_outcome_is_unknown_the_wallet_pays_nothing_else(
    funded: Wallet, alice: User, order: Order
) -> None:
    order("lose_settlement")
    attempt(pay(funded, alice))
    with pytest.raises(Refusal) as refused:
        spending.reserve(funded, charge(1))
    assert refused.value.fault.code == "PAYMENT_OUTCOME_UNKNOWN"


def test_an_answer_lost_after_the_purchase_is_found_by_asking_again(
    funded: Wallet, alice: User, run_operations: RunOperations, order: Order, when_signed: WhenSigned
) -> None:
    when_signed(lambda: order("drop_after", path=PATH, method="POST", times=1))
    operation = pay(funded, alice)
    run_operations()
    operation.refresh_from_db()
    funded.refresh_from_db()
    assert (operation.state, Payment.objects.get().state) == (State.SUCCEEDED, "settled")
    assert funded.balance_micros == 900_000


def test_a_payment_that_never_arrived_is_released_when_it_can_no_longer_settle(
    funded: Wallet, alice: User, run_operations: RunOperations, order: Order, when_signed: WhenSigned
) -> None:
    when_signed(lambda: order("drop_before", path=PATH, method="POST", times=99))
    operation = attempt(pay(funded, alice))
    assert attempt(operation).state == State.QUEUED
    with time_machine.travel(time.time() + LATER):
        order("clock", seconds=LATER, only="proofs")
        run_operations()
    assert ended(operation) == (State.FAILED, "PAYMENT_EXPIRED")
    assert Payment.objects.get().state == "released"


def test_money_that_moved_for_nothing_is_said_to_have_moved(
    funded: Wallet, alice: User, run_operations: RunOperations, order: Order
) -> None:
    order("lose_settlement")
    operation = attempt(pay(funded, alice))
    order("drop_before", path=PATH, method="POST", times=99)
    with time_machine.travel(time.time() + LATER):
        order("clock", seconds=LATER, only="proofs")
        run_operations()
    assert ended(operation) == (State.FAILED, "PAID_NOT_DELIVERED")
    assert (Payment.objects.get().state, Payment.objects.get().paid_by) == ("settled", "x402")


def test_a_chain_that_cannot_be_read_is_asked_again_with_growing_pauses(
    funded: Wallet, alice: User, run_operations: RunOperations, order: Order, when_signed: WhenSigned
) -> None:
    when_signed(lambda: order("drop_before", path=PATH, method="POST", times=99))
    operation = attempt(pay(funded, alice))
    with time_machine.travel(time.time() + LATER):
        order("clock", seconds=LATER, only="proofs")
        order("status", path="/rpc", method="POST", times=6, status=503)
        pauses = []
        for _ in range(2):
            attempt(operation)
            pauses.append(round((operation.not_before - timezone.now()).total_seconds()))
        run_operations()
    assert pauses == [2, 4]
    assert Payment.objects.get().state == "released"


def test_a_look_up_that_somebody_asks_for_may_be_first(
    funded: Wallet,
    alice: User,
    run_operations: RunOperations,
    order: Order,
    when_signed: WhenSigned,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    when_signed(lambda: order("drop_after", path=PATH, method="POST", times=1))
    operation = attempt(pay(funded, alice))
    asks = settling._used

    def asks_while_another_settles(client: Client, payment: Payment) -> bool | None:
        found = asks(client, payment)
        closing.settle(Payment.objects.get(), paid_by="x402", actor=SYSTEM)
        return found

    monkeypatch.setattr(settling, "_used", asks_while_another_settles)
    with time_machine.travel(time.time() + LATER):
        order("clock", seconds=LATER, only="proofs")
        run_operations()
    assert ended(operation) == (State.SUCCEEDED, "")
    assert Payment.objects.get().state == "settled"


# --- The worker dies ---


class Died(BaseException):
    """The process is gone: nothing catches it."""


def _die() -> None:
    raise Died


def test_a_worker_that_dies_between_signing_and_sending_leaves_a_payment_that_another_one_presents(
    funded: Wallet,
    alice: User,
    run_operations: RunOperations,
    when_signed: WhenSigned,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    when_signed(_die)
    operation = pay(funded, alice)
    with pytest.raises(Died):
        attempt(operation)
    signed = Payment.objects.get()
    monkeypatch.undo()
    _recover(operation)
    run_operations()
    payment = Payment.objects.get()
    assert signed.state == "signed"
    assert (payment.state, payment.nonce) == ("settled", signed.nonce)


def _recover(operation: Operation) -> None:
    """Do what the sweeper does when a lease has run out."""
    Operation.objects.filter(pk=operation.pk).update(lease_until=operation.created_at)
    assert runner.sweep(operation.queue) == 1


def test_after_a_bug_the_signed_payment_is_presented_again(
    funded: Wallet, alice: User, run_operations: RunOperations, when_signed: WhenSigned
) -> None:
    def stumble() -> None:
        raise ZeroDivisionError

    when_signed(stumble)
    operation = attempt(pay(funded, alice))
    assert (operation.state, Payment.objects.get().state) == (State.QUEUED, "signed")
    run_operations()
    operation.refresh_from_db()
    assert (operation.state, Payment.objects.get().state) == (State.SUCCEEDED, "settled")
    assert Operation.objects.filter(kind="payment.reconcile").count() == 0


def test_a_bug_that_comes_back_leaves_the_payment_to_a_look_up_of_its_own(
    funded: Wallet, alice: User, run_operations: RunOperations, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiers, "answered", lambda *args: 1 / 0)
    operation = pay(funded, alice)
    for _ in range(2 * MOST_DOUBTS + 1):
        operation = attempt(operation)
    look_up = Operation.objects.get(kind="payment.reconcile")
    assert (operation.state, operation.reason, operation.error["code"]) == (
        State.WAITING,
        Reason.REVIEW,
        "PANEL_BUG",
    )
    assert (Payment.objects.get().state, look_up.state) == ("unknown", State.QUEUED)
    with time_machine.travel(time.time() + LATER):
        order("clock", seconds=LATER, only="proofs")
        run_operations()
    assert Payment.objects.get().state == "settled"

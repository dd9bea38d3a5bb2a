"""The gate for money: limits, states, and the order in which things are written."""

from __future__ import annotations

import threading
import time
import uuid

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import Event
from audit.record import SYSTEM
from core.errors import Refusal
from tests.wallets.conftest import charge, signed
from wallets import closing, policies, selectors, spending
from wallets.models import Payment, SpendPolicy, Wallet
from wallets.models.gateway import BASE_MAINNET, BASE_SEPOLIA
from wallets.policies import Limits

State = Payment.State


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.fault.code


def test_a_reservation_counts_before_anything_is_paid(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge(300_000))
    assert (payment.state, payment.amount_micros, payment.nonce) == ("reserved", 300_000, "")
    assert selectors.spent_in_a_day_micros(wallet) == 300_000


def test_asking_again_for_the_same_operation_returns_its_payment(wallet: Wallet) -> None:
    operation = uuid.uuid4()
    first = spending.reserve(wallet, charge(operation=operation))
    assert spending.reserve(wallet, charge(operation=operation)) == first
    assert Payment.objects.get().amount_micros == 100_000


@pytest.mark.parametrize(
    ("micros", "network", "code"),
    [
        (1_000_001, BASE_SEPOLIA, "LIMIT_PER_PAYMENT"),
        (-1, BASE_SEPOLIA, "AMOUNT_INVALID"),
        (100_000, BASE_MAINNET, "NETWORK_NOT_ALLOWED"),
        (100_000, "eip155:1", "NETWORK_NOT_ALLOWED"),
    ],
)
def test_what_the_limits_forbid_leaves_no_row(wallet: Wallet, micros: int, network: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        spending.reserve(wallet, charge(micros, network=network))
    assert code_of(refused) == code
    assert Payment.objects.count() == 0


def test_the_limit_of_the_day_counts_reserved_signed_settled_and_unknown(wallet: Wallet) -> None:
    spending.reserve(wallet, charge(500_000))
    settled = spending.reserve(wallet, charge(500_000))
    closing.settle(settled, paid_by="balance", actor=SYSTEM)
    on_its_way = spending.reserve(wallet, charge(500_000))
    spending._store_signed(on_its_way, signed())
    spending.reserve(wallet, charge(500_000))
    with pytest.raises(Refusal) as refused:
        spending.reserve(wallet, charge(1))
    assert code_of(refused) == "LIMIT_PER_DAY"
    assert refused.value.fault.details == {"limit_micros": 2_000_000, "left_micros": 0, "amount_micros": 1}


def test_a_reservation_that_web_wrote_is_not_taken_for_the_charge(wallet: Wallet) -> None:
    operation = uuid.uuid4()
    forged = spending.reserve(wallet, charge(100_000, operation=operation))
    Payment.objects.filter(pk=forged.pk).update(amount_micros=900_000)
    with pytest.raises(Refusal) as refused:
        spending.reserve(wallet, charge(100_000, operation=operation))
    assert code_of(refused) == "PAYMENT_DIFFERS"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount_micros": 1_000_001}, "LIMIT_PER_PAYMENT"),
        ({"network": BASE_MAINNET}, "NETWORK_NOT_ALLOWED"),
    ],
)
def test_what_the_limits_forbid_is_not_signed_whoever_reserved_it(
    wallet: Wallet, fields: dict[str, str | int], code: str
) -> None:
    payment = spending.reserve(wallet, charge())
    Payment.objects.filter(pk=payment.pk).update(**fields)
    payment.refresh_from_db()
    with pytest.raises(Refusal) as refused:
        spending.purchase(payment)
    assert code_of(refused) == code


def test_a_limit_lowered_after_the_reservation_holds_before_the_signature(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge(500_000))
    policies.write(wallet, Limits(400_000, 2_000_000, (BASE_SEPOLIA,)))
    with pytest.raises(Refusal) as refused:
        spending.purchase(payment)
    assert code_of(refused) == "LIMIT_PER_PAYMENT"


def test_what_was_not_charged_in_the_end_is_free_again(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge(1_000_000))
    closing.settle(payment, paid_by="balance", actor=SYSTEM, micros=100_000)
    assert selectors.spent_in_a_day_micros(wallet) == 100_000
    spending.reserve(wallet, charge(1_000_000))
    with pytest.raises(Refusal) as refused:
        spending.reserve(wallet, charge(900_001))
    assert code_of(refused) == "LIMIT_PER_DAY"


def test_a_released_reservation_is_free_again(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge(1_000_000))
    closing.release(payment, actor=SYSTEM)
    assert selectors.spent_in_a_day_micros(wallet) == 0


def test_mainnet_is_refused_even_by_a_policy_that_allows_it(wallet: Wallet) -> None:
    policies.write(wallet, Limits(1_000_000, 2_000_000, (BASE_SEPOLIA, BASE_MAINNET)))
    with pytest.raises(Refusal) as refused:
        spending.reserve(wallet, charge(network=BASE_MAINNET))
    assert code_of(refused) == "NETWORK_NOT_ALLOWED"


def test_a_tampered_policy_refuses_every_payment(wallet: Wallet) -> None:
    SpendPolicy.objects.update(per_payment_micros=50_000_000, per_day_micros=50_000_000)
    with pytest.raises(Refusal) as refused:
        spending.reserve(wallet, charge(1))
    assert code_of(refused) == "POLICY_TAMPERED"


def test_a_payment_of_unknown_outcome_blocks_its_wallet_until_it_is_known(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    spending._store_signed(payment, signed())
    closing.doubt(payment, actor=SYSTEM)
    with pytest.raises(Refusal) as refused:
        spending.reserve(wallet, charge())
    closing.settle(payment, paid_by="x402", actor=SYSTEM)
    assert code_of(refused) == "PAYMENT_OUTCOME_UNKNOWN"
    assert spending.reserve(wallet, charge()).state == State.RESERVED


def test_a_second_signature_is_refused_by_the_row_itself(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    same_row = Payment.objects.get()  # another worker that believes to own the operation
    spending._store_signed(payment, signed("0x" + "aa" * 32))
    with pytest.raises(Refusal) as refused:
        spending._store_signed(same_row, signed("0x" + "bb" * 32))
    assert code_of(refused) == "SECOND_SIGNATURE"
    assert Payment.objects.get().nonce == "0x" + "aa" * 32


def test_the_authorization_is_sealed_while_held_and_forgotten_at_the_end(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    spending._store_signed(payment, signed())
    stored = bytes(Payment.objects.get().authorization_sealed)
    assert b"header-of" not in stored
    assert spending.held(payment) == signed()
    closing.settle(payment, paid_by="x402", actor=SYSTEM)
    assert bytes(Payment.objects.get().authorization_sealed) == b""


def test_an_authorization_about_to_expire_is_not_presented_again(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    spending._store_signed(payment, signed(valid_before=int(time.time()) + 5))
    assert spending.held(payment) is None


@pytest.mark.parametrize("end", [State.SETTLED, State.RELEASED])
def test_what_has_ended_moves_nowhere(wallet: Wallet, end: Payment.State) -> None:
    payment = spending.reserve(wallet, charge())
    closing.move(payment, end)
    for state in set(State) - {end}:
        with pytest.raises(Refusal) as refused:
            closing.move(payment, state)
        assert code_of(refused) == "PAYMENT_STATE"


@pytest.mark.parametrize("end", ["settle", "release"])
def test_two_look_ups_that_find_the_same_end_it_once(wallet: Wallet, end: str) -> None:
    payment = spending.reserve(wallet, charge())
    spending._store_signed(payment, signed())
    closing.doubt(payment, actor=SYSTEM)
    same_row = Payment.objects.get()  # read by another worker before the first one has found it
    for row in (payment, same_row):
        if end == "settle":
            closing.settle(row, paid_by="x402", actor=SYSTEM)
        else:
            closing.release(row, actor=SYSTEM)
    ended = list(Event.objects.filter(action__startswith="payment.").order_by("seq").values_list("action"))
    assert same_row.state == payment.state
    assert ended[2:] == [(f"payment.{payment.state}",)]


def test_two_look_ups_that_contradict_each_other_change_nothing(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    spending._store_signed(payment, signed())
    same_row = Payment.objects.get()
    closing.settle(payment, paid_by="x402", actor=SYSTEM)
    with pytest.raises(Refusal) as refused:
        closing.release(same_row, actor=SYSTEM)
    assert (code_of(refused), Payment.objects.get().state) == ("PAYMENT_STATE", State.SETTLED)


def test_what_ended_in_the_meantime_is_doubted_no_more(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    spending._store_signed(payment, signed())
    same_row = Payment.objects.get()
    closing.settle(payment, paid_by="x402", actor=SYSTEM)
    closing.doubt(same_row, actor=SYSTEM)
    assert (same_row.state, Payment.objects.get().state) == (State.SETTLED, State.SETTLED)


def test_every_step_stands_in_the_audit_record(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    spending._store_signed(payment, signed())
    closing.doubt(payment, actor=SYSTEM)
    closing.release(payment, actor=SYSTEM)
    actions = list(Event.objects.order_by("seq").values_list("action", flat=True))
    assert actions == ["payment.reserved", "payment.unknown", "payment.released"]


STEPS = st.lists(
    st.tuples(st.integers(0, 1_200_000), st.sampled_from(["keep", "settle", "release"])),
    min_size=1,
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_order_of_reservations_and_endings_passes_the_limit_of_the_day(
    wallet: Wallet, steps: list[tuple[int, str]]
) -> None:
    Payment.objects.all().delete()
    for micros, then in steps:
        try:
            payment = spending.reserve(wallet, charge(micros))
        except Refusal:
            continue
        if then == "settle":
            closing.settle(payment, paid_by="balance", actor=SYSTEM)
        elif then == "release":
            closing.release(payment, actor=SYSTEM)
        assert selectors.spent_in_a_day_micros(wallet) <= 2_000_000


@pytest.mark.django_db(transaction=True)
def test_twenty_reservations_at_once_never_pass_the_limit_of_the_day(wallet: Wallet) -> None:
    gun = threading.Barrier(20)
    refusals: list[str] = []

    def reserve() -> None:
        gun.wait()
        try:
            spending.reserve(wallet, charge(300_000))
        except Refusal as refusal:
            refusals.append(refusal.fault.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=reserve) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    connections.close_all()

    assert Payment.objects.count() == 6
    assert selectors.spent_in_a_day_micros(wallet) == 1_800_000
    assert refusals == ["LIMIT_PER_DAY"] * 14

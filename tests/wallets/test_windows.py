"""Windows and caps: what counts, from when on, and that no clock, order or change of limits frees money."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.record import SYSTEM, Actor, Subject, record
from core.errors import Refusal
from tests.factories import PaymentFactory
from tests.wallets.conftest import charge
from wallets import macs, policies, spending, windows
from wallets.limits import KIND, MEMBER, PROJECT, Amounts, Cap, Limits
from wallets.models import Payment, SpendPolicy, Wallet
from wallets.models.gateway import BASE_MAINNET, BASE_SEPOLIA

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOLLAR = 1_000_000


class Clock:
    """The database's clock, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        monkeypatch.setattr(windows, "database_time", lambda wallet: self.now)

    def move(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def limit(wallet: Wallet, *caps: Cap, week: int | None = None, month: int | None = None) -> None:
    """Allow a dollar at once and two a day, and what else is given."""
    limits = Limits(DOLLAR, 2 * DOLLAR, (BASE_SEPOLIA,), week, month, caps=caps)
    policies.write(wallet, limits)


def code(wallet: Wallet, asked: spending.Charge) -> str:
    """Return the code of the refusal; empty when the money is reserved."""
    try:
        spending.reserve(wallet, asked)
    except Refusal as refusal:
        return refusal.fault.code
    return ""


def test_a_day_is_the_last_24_hours(wallet: Wallet, clock: Clock) -> None:
    assert [code(wallet, charge(DOLLAR)) for _ in range(3)] == ["", "", "LIMIT_PER_DAY"]
    clock.move(hours=23, minutes=59)
    assert code(wallet, charge(1)) == "LIMIT_PER_DAY"
    clock.move(minutes=1)
    assert code(wallet, charge(DOLLAR)) == ""


def test_a_week_and_a_month_reach_further_than_the_day(wallet: Wallet, clock: Clock) -> None:
    limit(wallet, week=3 * DOLLAR, month=4 * DOLLAR)
    found = []
    for _day in range(6):
        found.append(code(wallet, charge(DOLLAR)))
        clock.move(days=1)
    assert found == ["", "", "", "LIMIT_PER_WEEK", "LIMIT_PER_WEEK", "LIMIT_PER_WEEK"]
    clock.move(days=3)
    assert [code(wallet, charge(DOLLAR)) for _ in range(2)] == ["", "LIMIT_PER_MONTH"]


@pytest.mark.parametrize("about", [MEMBER, PROJECT, KIND])
def test_a_cap_counts_only_what_it_is_about(wallet: Wallet, clock: Clock, about: str) -> None:
    member, project = uuid.uuid4(), uuid.uuid4()
    keys = {MEMBER: str(member), PROJECT: str(project), KIND: "image"}
    limit(wallet, Cap(about, keys[about], "test", "day", DOLLAR // 2))
    own = replace(
        charge(DOLLAR // 2),
        actor=Actor(str(member), "Alice"),
        project_id=project,
        cost=Payment.Cost.IMAGE,
    )
    assert code(wallet, charge(DOLLAR // 2)) == ""
    assert code(wallet, replace(own, operation_id=uuid.uuid4())) == ""
    again = replace(own, operation_id=uuid.uuid4(), amount_micros=1)
    assert (
        code(wallet, again)
        == {
            MEMBER: "LIMIT_OF_MEMBER",
            PROJECT: "LIMIT_OF_PROJECT",
            KIND: "LIMIT_OF_KIND",
        }[about]
    )
    assert code(wallet, charge(DOLLAR)) == ""


@pytest.mark.parametrize("cost", list(Payment.Cost))
def test_a_cap_of_zero_lets_nothing_of_its_kind_pass(wallet: Wallet, cost: Payment.Cost) -> None:
    """Whatever the gateway would take it from: a wallet with a prepaid balance is refused all the same."""
    Wallet.objects.filter(pk=wallet.pk).update(prepaid_micros=50 * DOLLAR)
    limit(wallet, Cap(KIND, cost, "test", "payment", 0))
    refused = {each: code(wallet, replace(charge(1), cost=each)) for each in Payment.Cost}
    assert refused == {each: "LIMIT_OF_KIND" if each == cost else "" for each in Payment.Cost}


def test_real_money_is_counted_apart_from_test_money(wallet: Wallet, clock: Clock) -> None:
    type(wallet.gateway).objects.filter(pk=wallet.gateway_id).update(kind="cloud")
    limits = Limits(DOLLAR, 2 * DOLLAR, (BASE_SEPOLIA, BASE_MAINNET), real=Amounts(DOLLAR, DOLLAR))
    policies.write(wallet, limits)
    assert [code(wallet, charge(DOLLAR)) for _ in range(2)] == ["", ""]
    confirmed = [replace(charge(DOLLAR, network=BASE_MAINNET), confirmed=True) for _ in range(2)]
    assert [code(wallet, each) for each in confirmed] == ["", "LIMIT_PER_DAY"]
    assert code(wallet, charge(DOLLAR, network=BASE_MAINNET)) == "PASSKEY_NEEDED"


def test_real_money_is_off_until_it_has_limits(wallet: Wallet) -> None:
    type(wallet.gateway).objects.filter(pk=wallet.gateway_id).update(kind="cloud")
    policies.write(wallet, Limits(DOLLAR, 2 * DOLLAR, (BASE_SEPOLIA, BASE_MAINNET)))
    assert code(wallet, charge(network=BASE_MAINNET)) == "NETWORK_NOT_ALLOWED"


def test_a_lower_limit_counts_at_once_what_was_spent_before(wallet: Wallet, clock: Clock) -> None:
    assert code(wallet, charge(DOLLAR)) == ""
    policies.write(wallet, Limits(DOLLAR, DOLLAR, (BASE_SEPOLIA,)))
    assert code(wallet, charge(1)) == "LIMIT_PER_DAY"
    limit(wallet)
    assert code(wallet, charge(DOLLAR)) == ""


def test_a_clock_that_goes_back_frees_nothing_then_or_later(wallet: Wallet, clock: Clock) -> None:
    assert code(wallet, charge(DOLLAR)) == ""
    clock.move(days=-3)
    assert [code(wallet, charge(DOLLAR)), code(wallet, charge(1))] == ["", "LIMIT_PER_DAY"]
    clock.move(days=3)  # somebody sets it right: what was paid meanwhile counts from now
    assert code(wallet, charge(1)) == "LIMIT_PER_DAY"


def test_payments_that_were_stamped_by_the_gate_tell_who_asked_and_for_what(
    wallet: Wallet, clock: Clock
) -> None:
    member, project = uuid.uuid4(), uuid.uuid4()
    asked = replace(charge(), actor=Actor(str(member), "Alice"), project_id=project, cost=Payment.Cost.JOB)
    payment = spending.reserve(wallet, asked)
    assert (payment.actor_id, payment.project_id, payment.cost) == (member, project, "job")
    assert payment.reserved_at == NOON


def test_a_policy_marked_before_there_were_windows_still_pays(wallet: Wallet) -> None:
    policy = SpendPolicy.objects.get()
    policy.rules = None
    policy.mac = macs.compute(policies.covered(policy))
    policy.save()
    assert policies.verified(wallet) == Limits(DOLLAR, 2 * DOLLAR, (BASE_SEPOLIA,))
    assert code(wallet, charge(DOLLAR)) == ""


@pytest.mark.parametrize("rules", [None, {}, {"caps": [["kind", "tier", "test", "day", 5_000_000]]}])
def test_no_single_limit_can_be_taken_away_or_raised_past_a_worker(wallet: Wallet, rules: object) -> None:
    limit(wallet, Cap(KIND, "tier", "test", "day", 1))
    SpendPolicy.objects.update(rules=rules)
    assert code(wallet, charge(1)) == "POLICY_TAMPERED"


def test_an_old_policy_that_is_put_back_refuses(wallet: Wallet) -> None:
    before = SpendPolicy.objects.values("version", "per_day_micros", "rules", "mac").get()
    policy = policies.write(wallet, Limits(1, 1, (BASE_SEPOLIA,)))
    record(
        "wallet.limits_written",
        team_id=wallet.team_id,
        actor=SYSTEM,
        subject=Subject("wallet", str(wallet.pk), wallet.label),
        details={"version": policy.version},
    )
    SpendPolicy.objects.update(per_payment_micros=DOLLAR, **before)
    assert code(wallet, charge(1)) == "POLICY_OLD"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(0, 2 * DOLLAR)),
        st.tuples(st.just("hours"), st.integers(-80, 80)),
        st.tuples(st.just("day limit"), st.integers(0, 3 * DOLLAR)),
    ),
    min_size=3,
    max_size=14,
)


@given(steps=STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_order_of_payments_clocks_and_limits_passes_the_limit_of_any_window(
    wallet: Wallet, clock: Clock, steps: list[tuple[str, int]]
) -> None:
    Payment.objects.all().delete()
    limit(wallet, week=4 * DOLLAR)
    clock.now = NOON
    for step, number in steps:
        if step == "hours":
            clock.move(hours=number)
        elif step == "day limit":
            policies.write(wallet, Limits(DOLLAR, number, (BASE_SEPOLIA,), per_week_micros=4 * DOLLAR))
        elif (
            code(wallet, charge(number)) == "" and number
        ):  # nothing fits a limit that was lowered below what left
            _require_within(wallet)


def _require_within(wallet: Wallet) -> None:
    """The payment that was just let through fits the limits of now, in every window that ends with it."""
    limits, newest = policies.verified(wallet), Payment.objects.latest("reserved_at").reserved_at
    for length, most in ((timedelta(days=1), limits.per_day_micros), (timedelta(days=7), 4 * DOLLAR)):
        inside = Payment.objects.filter(reserved_at__gt=newest - length)
        assert sum(inside.values_list("amount_micros", flat=True)) <= most


def test_released_payments_and_those_of_other_wallets_do_not_count(wallet: Wallet) -> None:
    PaymentFactory.create(wallet=wallet, state=Payment.State.RELEASED, amount_micros=2 * DOLLAR)
    PaymentFactory.create(amount_micros=2 * DOLLAR)
    assert code(wallet, charge(DOLLAR)) == ""

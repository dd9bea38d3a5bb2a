"""What somebody else pays with a key that is kept here is found, entered once, counted and told; our own never is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from billing import background, services
from notifications import watch
from notifications.models import Notice
from operations.models import Operation, State
from run402 import Client, LocalSigner, x402
from teams.models import User
from tests.billing.conftest import attempt, call
from tests.fixtures import RunOperations
from tests.sandboxes import Sandbox
from wallets import closing, signer, spending
from wallets.models import Payment, Wallet
from wallets.models.gateway import BASE_SEPOLIA
from wallets.selectors import spent_in_a_day_micros
from wallets.vault import unseal_field

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def long_here(funded: Wallet) -> Wallet:
    """The funded wallet, kept here since yesterday."""
    Wallet.objects.filter(pk=funded.pk).update(created_at=timezone.now() - timedelta(days=1))
    funded.refresh_from_db()
    return funded


@pytest.fixture
def elsewhere(long_here: Wallet) -> Iterator[Client]:
    """Somebody else's client with the same key."""
    key = unseal_field(long_here, "key_sealed", signer.key_context(long_here))
    with Client(long_here.gateway.url, signer=LocalSigner(key)) as client:
        yield client


@pytest.fixture
def a_while_ago(sandbox: Sandbox) -> Iterator[Callable[[], None]]:
    """Return a function after which Run402's ledger writes times of half an hour ago."""

    def turned() -> None:
        call(sandbox, "POST", "/_sandbox/knobs", {"do": "clock", "seconds": -1800, "only": "leases"})

    yield turned
    call(sandbox, "DELETE", "/_sandbox/knobs")


def buy(client: Client) -> None:
    policy = x402.CapPolicy(max_micros=100_000, networks=(BASE_SEPOLIA,))
    client.tiers.set("prototype", purchase=x402.Purchase(policy=policy, before_send=lambda signed: None))


def look(wallet: Wallet) -> Operation:
    """Have a worker look now; blocks are said to be a minute and a half younger than they are."""
    operation = attempt(services.look_outside(wallet=wallet))
    assert operation.state == State.SUCCEEDED, operation.error
    return operation


def top_up(sandbox: Sandbox, wallet: Wallet) -> None:
    call(sandbox, "POST", "/_sandbox/credit", {"address": wallet.address, "amount_usd_micros": 500_000})


def test_a_payment_signed_elsewhere_is_entered_counted_and_told_once(
    long_here: Wallet, elsewhere: Client, alice: User
) -> None:
    buy(elsewhere)
    assert [look(long_here).result, look(long_here).result] == [{"found": 1}, {"found": 0}]
    payment = Payment.objects.get()
    assert (payment.kind, payment.state, payment.settled_micros, payment.paid_by) == (
        "outside",
        "settled",
        100_000,
        "x402",
    )
    assert (payment.purpose, payment.actor_id) == (
        "Paid elsewhere: somebody else holds the key of this wallet",
        None,
    )
    assert spent_in_a_day_micros(long_here) == 100_000
    watch.look()
    watch.look()
    notice = Notice.objects.get(event="payment.outside")
    assert (notice.person, notice.title) == (alice, "$0.10 of First was paid elsewhere")
    assert notice.url == f"/payments/{payment.pk}"


def test_the_prepaid_balance_spent_elsewhere_is_found_in_run402s_ledger(
    long_here: Wallet, elsewhere: Client, sandbox: Sandbox, a_while_ago: Callable[[], None]
) -> None:
    top_up(sandbox, long_here)
    a_while_ago()
    buy(elsewhere)
    assert [look(long_here).result, look(long_here).result] == [{"found": 1}, {"found": 0}]
    payment = Payment.objects.get()
    assert (payment.kind, payment.paid_by, payment.settled_micros, payment.nonce) == (
        "outside",
        "balance",
        100_000,
        "",
    )


def test_what_the_panel_paid_itself_is_not_found(
    long_here: Wallet,
    alice: User,
    sandbox: Sandbox,
    run_operations: RunOperations,
    a_while_ago: Callable[[], None],
) -> None:
    services.set_tier(wallet=long_here, actor=alice, tier="prototype", shown_micros=100_000)
    run_operations()
    top_up(sandbox, long_here)
    a_while_ago()
    services.set_tier(wallet=long_here, actor=alice, tier="prototype", shown_micros=100_000)
    run_operations()
    by_balance = Payment.objects.get(paid_by="balance")
    half_an_hour_ago = timezone.now() - timedelta(minutes=30)
    Payment.objects.filter(pk=by_balance.pk).update(ended_at=half_an_hour_ago)

    assert look(long_here).result == {"found": 0}
    assert sorted(Payment.objects.values_list("paid_by", flat=True)) == ["balance", "x402"]


def test_while_a_payment_has_no_end_a_debit_waits_for_it(
    long_here: Wallet, elsewhere: Client, sandbox: Sandbox, a_while_ago: Callable[[], None], alice: User
) -> None:
    top_up(sandbox, long_here)
    a_while_ago()
    buy(elsewhere)
    reserved = spending.reserve(long_here, _charge(alice))
    Payment.objects.filter(pk=reserved.pk).update(reserved_at=timezone.now() - timedelta(hours=1))

    assert look(long_here).result == {"found": 0}
    long_here.refresh_from_db()
    assert long_here.outside_read_at is None
    closing.release(reserved, actor=alice.actor)
    assert look(long_here).result == {"found": 1}


def test_wallets_are_looked_through_hourly_and_frozen_ones_catch_up_instead(funded: Wallet) -> None:
    assert background.plan_outside(funded.gateway, 5) == 1
    assert background.plan_outside(funded.gateway, 5) == 0
    Operation.objects.all().delete()
    Wallet.objects.filter(pk=funded.pk).update(frozen_at=timezone.now(), unread_from=timezone.now())
    assert background.plan_outside(funded.gateway, 5) == 0


def _charge(alice: User) -> spending.Charge:
    import uuid

    return spending.Charge(uuid.uuid4(), "tier.set", "Prototype tier", 100_000, BASE_SEPOLIA, alice.actor)

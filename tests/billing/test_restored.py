"""A backup taken before something paid or applied, restored: it pays and applies nothing twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing import services
from core.backup import making
from operations import background, queue
from operations.models import Operation, Reason, State
from run402.resources.billing import BillingResource, LedgerIncomplete
from run402.resources.transfers import Sent
from teams.models import User
from tests.billing.conftest import attempt, call
from tests.fixtures import RunOperations, run_all
from tests.restoring import SETTLED_SECONDS, catch_up, restore_in_place
from tests.sandboxes import Sandbox
from wallets import halts, policies, signer
from wallets.models import Gateway, Halt, Payment, Wallet
from wallets.models.gateway import BASE_SEPOLIA
from wallets.selectors import spent_in_a_day_micros

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

Restore = Callable[[], None]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "panel.tar"


@pytest.fixture
def restore(file: Path, settings: Settings, gateway_here: Gateway) -> Restore:
    """Return a function that makes a new instance of the backup, in place of this one, at the same gateway."""
    settings.GATEWAYS = []

    return lambda: restore_in_place(file)


@pytest.fixture
def later(sandbox: Sandbox) -> Iterator[Callable[[], None]]:
    """Return a function that catches up when nothing signed before the restore can settle any more."""

    def caught_up() -> None:
        operation = catch_up(sandbox)
        assert operation.state == State.SUCCEEDED, list(operation.events.values_list("message"))

    yield caught_up
    call(sandbox, "DELETE", "/_sandbox/knobs")


def moved(wallet: Wallet) -> list[Sent]:
    """Return what the sandbox's own ledger says left the wallet."""
    with signer.client(wallet.gateway) as client:
        return list(
            client.transfers.sent(BASE_SEPOLIA, wallet.address, since=int(time.time()) - 900, until=0)
        )


def prepaid(wallet: Wallet) -> int | None:
    """Return what the gateway keeps for the wallet."""
    with signer.client(wallet.gateway, wallet) as client:
        return client.billing.account().available_micros


def pay(wallet: Wallet, actor: User) -> Operation:
    return services.set_tier(wallet=wallet, actor=actor, tier="prototype", shown_micros=100_000)


def resume(operation: Operation, actor: User) -> None:
    """Let the operation go on, as a person who looked at it does."""
    queue.decide(operation, actor=actor, checkpoints={}, message="Resumed")


def test_a_tier_paid_after_the_backup_is_not_paid_again(
    funded: Wallet,
    alice: User,
    file: Path,
    restore: Restore,
    later: Callable[[], None],
    run_operations: RunOperations,
) -> None:
    operation = pay(funded, alice)
    making.to_file(file)
    run_operations()
    operation.refresh_from_db()
    assert (operation.state, len(moved(funded))) == (State.SUCCEEDED, 1)

    restore()

    operation.refresh_from_db()
    assert (operation.state, operation.reason, Payment.objects.count()) == ("waiting", Reason.REVIEW, 0)
    run_all()
    assert Operation.objects.filter(state=State.RUNNING).count() == 0
    later()
    payment = Payment.objects.get()
    assert (payment.operation_id, payment.state, payment.settled_micros) == (operation.pk, "settled", 100_000)

    halts.lift(Halt.objects.get(lifted_at=None), actor=alice.actor)
    resume(operation, alice)
    run_all()
    operation.refresh_from_db()
    assert operation.state == State.SUCCEEDED
    assert len(moved(funded)) == 1


def test_a_tier_that_the_balance_at_run402_paid_after_the_backup_is_not_paid_again(
    funded: Wallet,
    alice: User,
    file: Path,
    restore: Restore,
    later: Callable[[], None],
    run_operations: RunOperations,
    sandbox: Sandbox,
) -> None:
    call(sandbox, "POST", "/_sandbox/credit", {"address": funded.address, "amount_usd_micros": 150_000})
    operation = pay(funded, alice)
    making.to_file(file)
    run_operations()
    assert prepaid(funded) == 50_000

    restore()
    later()

    payment = Payment.objects.get()
    assert (payment.operation_id, payment.state, payment.paid_by) == (operation.pk, "settled", "balance")
    halts.lift(Halt.objects.get(lifted_at=None), actor=alice.actor)
    resume(operation, alice)
    run_all()
    operation.refresh_from_db()
    assert (operation.state, prepaid(funded), moved(funded)) == (State.SUCCEEDED, 50_000, [])


def test_a_wallet_whose_ledger_is_not_shown_back_to_the_backup_stays_frozen_and_says_so(
    funded: Wallet, file: Path, restore: Restore, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_so_far(billing: BillingResource, since: datetime) -> None:
        raise LedgerIncomplete

    monkeypatch.setattr(BillingResource, "history_since", not_so_far)
    making.to_file(file)
    restore()
    background.plan()
    call(sandbox, "POST", "/_sandbox/knobs", {"do": "clock", "seconds": SETTLED_SECONDS, "only": "blocks"})
    operation = attempt(Operation.objects.get(kind="wallet.catch_up", state=State.QUEUED))
    call(sandbox, "DELETE", "/_sandbox/knobs")

    funded.refresh_from_db()
    assert (operation.error["code"], funded.is_frozen) == ("SPENT_UNREADABLE", True)


def test_a_payment_that_nobody_here_began_is_entered_as_outside_and_counts(
    funded: Wallet,
    alice: User,
    file: Path,
    restore: Restore,
    later: Callable[[], None],
    run_operations: RunOperations,
) -> None:
    making.to_file(file)
    pay(funded, alice)
    run_operations()

    restore()
    later()

    payment = Payment.objects.get()
    (sent,) = moved(funded)
    assert (payment.kind, payment.state, payment.nonce) == ("outside", "settled", sent.nonce)
    assert (payment.transaction, payment.payee.lower()) == (sent.transaction, sent.recipient.lower())
    funded.refresh_from_db()
    assert not funded.is_frozen
    assert policies.verified(funded).per_day_micros == 2_000_000
    assert spent_in_a_day_micros(funded) == 100_000


def test_nothing_is_paid_before_the_chain_was_read(
    funded: Wallet,
    alice: User,
    file: Path,
    restore: Restore,
    later: Callable[[], None],
    run_operations: RunOperations,
) -> None:
    operation = pay(funded, alice)
    making.to_file(file)
    restore()
    halts.lift(Halt.objects.get(lifted_at=None), actor=alice.actor)
    resume(operation, alice)

    attempt(operation)

    assert (operation.state, Payment.objects.count(), moved(funded)) == (State.QUEUED, 0, [])
    assert "restored from a backup" in operation.events.order_by("-seq")[0].message
    later()
    attempt(operation)
    assert (operation.state, len(moved(funded))) == (State.SUCCEEDED, 1)


def test_a_wallet_stays_frozen_while_what_was_signed_may_still_settle(
    funded: Wallet, file: Path, restore: Restore
) -> None:
    making.to_file(file)
    restore()
    background.plan()
    operation = attempt(Operation.objects.get(kind="wallet.catch_up"))

    funded.refresh_from_db()
    assert (operation.state, funded.is_frozen) == (State.QUEUED, True)
    assert "has not come far enough" in operation.events.order_by("-seq")[0].message


def test_a_backup_of_a_restored_instance_is_read_from_the_first_backup_on(
    funded: Wallet, file: Path, restore: Restore
) -> None:
    making.to_file(file)
    restore()
    background.plan()
    funded.refresh_from_db()
    first = funded.unread_from
    file.unlink()
    making.to_file(file)
    restore()
    Operation.objects.update(created_at=timezone.now() - timedelta(minutes=5))  # else it was tried just now

    background.plan()

    funded.refresh_from_db()
    assert (funded.unread_from, funded.is_frozen) == (first, True)
    states = (
        Operation.objects.filter(kind="wallet.catch_up")
        .order_by("created_at")
        .values_list("state", flat=True)
    )
    assert list(states) == [State.CANCELLED, State.QUEUED]
    assert Halt.objects.filter(lifted_at=None).count() == 1

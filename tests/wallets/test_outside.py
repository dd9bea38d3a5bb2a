"""What left a wallet unseen is entered once, where it belongs, and counts."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from core.errors import Refusal
from run402.resources.transfers import Sent
from tests.wallets.conftest import charge, signed
from wallets import outside, selectors, spending
from wallets.models import Payment, Wallet
from wallets.models.gateway import BASE_SEPOLIA
from wallets.outside import Unfinished

NONCE = "0x" + "ab" * 32


def sent(micros: int = 100_000, *, nonce: str = NONCE, transaction: str = "0x" + "01" * 32) -> Sent:
    return Sent(transaction, 1, "0x" + "22" * 20, micros, int(timezone.now().timestamp()), nonce)


def begun(micros: int = 100_000) -> Unfinished:
    return Unfinished(uuid.uuid4(), "tier.set", "Set the tier to prototype", micros)


def enter(wallet: Wallet, one: Sent, *unfinished: Unfinished) -> Payment | None:
    return outside.enter(wallet, BASE_SEPOLIA, one, unfinished)


def test_a_transfer_that_nobody_began_is_outside_and_counts_once(wallet: Wallet) -> None:
    payment = enter(wallet, sent())

    assert payment is not None
    assert (payment.kind, payment.state, payment.settled_micros) == ("outside", "settled", 100_000)
    assert enter(wallet, sent()) is None
    assert selectors.spent_in_a_day_micros(wallet) == 100_000


def test_a_transfer_counts_on_the_day_on_which_it_left(wallet: Wallet) -> None:
    yesterday = int((timezone.now() - timedelta(days=1)).timestamp())
    enter(wallet, Sent("0x" + "01" * 32, 1, "0x" + "22" * 20, 100_000, yesterday, NONCE))

    assert selectors.spent_in_a_day_micros(wallet) == 0


def test_a_payment_that_the_ledger_signed_is_not_entered_again(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    spending._store_signed(payment, signed(NONCE))

    assert enter(wallet, sent()) is None
    assert Payment.objects.count() == 1


def test_the_smallest_reservation_that_covers_it_was_paid(wallet: Wallet) -> None:
    larger, smaller, least = (
        spending.reserve(wallet, charge(micros)) for micros in (300_000, 150_000, 50_000)
    )

    payment = enter(wallet, sent(100_000))

    assert payment == smaller
    assert (smaller.pk, "settled") == (payment.pk, payment.state)
    states = Payment.objects.filter(pk__in=[larger.pk, least.pk]).values_list("state", flat=True)
    assert list(states) == ["reserved", "reserved"]


def test_an_operation_that_had_reserved_nothing_finds_itself_paid(wallet: Wallet) -> None:
    operation = begun()

    payment = enter(wallet, sent(), operation)

    assert payment is not None
    assert (payment.operation_id, payment.state) == (operation.id, "settled")
    again = enter(wallet, sent(transaction="0x" + "02" * 32, nonce="0x" + "cd" * 32), operation)
    assert again is not None
    assert again.kind == "outside"


def test_a_plain_transfer_pays_for_no_operation(wallet: Wallet) -> None:
    reserved = spending.reserve(wallet, charge())

    payment = enter(wallet, sent(nonce=""), begun())

    assert payment is not None
    assert (payment.kind, payment.paid_by) == ("outside", "")
    reserved.refresh_from_db()
    assert reserved.state == "reserved"


def test_a_frozen_wallet_reserves_nothing_and_signs_nothing(wallet: Wallet) -> None:
    reserved = spending.reserve(wallet, charge())
    Wallet.objects.update(frozen_at=timezone.now(), unread_from=timezone.now())

    with pytest.raises(Refusal, match="restored from a backup"):
        spending.reserve(wallet, charge())
    with pytest.raises(Refusal, match="restored from a backup"):
        spending._store_signed(reserved, signed())

    reserved.refresh_from_db()
    assert (reserved.state, reserved.nonce) == ("reserved", "")


def test_a_wallet_that_was_frozen_anew_meanwhile_stays_frozen(wallet: Wallet) -> None:
    wallet.frozen_at = timezone.now()
    Wallet.objects.update(frozen_at=wallet.frozen_at + timedelta(hours=1), unread_from=timezone.now())

    assert not outside.thaw(wallet, entered=0)
    wallet.refresh_from_db()
    assert wallet.is_frozen

"""A frozen wallet reserves and signs nothing, and only a worker's mark makes it free again."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from audit.models import Event
from audit.record import SYSTEM, Actor
from core.errors import Refusal
from teams.models import Membership, Role, User
from tests.factories import MembershipFactory
from tests.wallets.conftest import charge, signed
from wallets import freezing, passkeys, spending, unfreezing
from wallets.freezing import Frozen
from wallets.models import Freeze, Payment, TrustedPasskey, Unfreezing, Wallet
from wallets.passkeys import NewPasskey

ALICE = Actor("1", "Alice")


@pytest.fixture
def frozen(wallet: Wallet) -> Freeze:
    return freezing.freeze(wallet, actor=ALICE, why="An agent runs wild")


def member(wallet: Wallet, user: User, role: Role, *, passkey: bool = True) -> Membership:
    """Make the person a member, with a passkey that may confirm now."""
    made: Membership = MembershipFactory.create(team=wallet.team, user=user, role=role)
    if passkey:
        row = passkeys.trust(made, NewPasskey(f"key-of-{user.pk}", b"key", "Laptop"), actor=SYSTEM)
        row.eligible_from = timezone.now() - timedelta(hours=1)
        passkeys._mark(row)
    return made


def test_a_frozen_wallet_reserves_nothing(wallet: Wallet, frozen: Freeze) -> None:
    with pytest.raises(Frozen) as refused:
        spending.reserve(wallet, charge())
    assert refused.value.fault.code == "WALLET_FROZEN"
    assert "Frozen by Alice" in refused.value.fault.message
    assert "An agent runs wild" in refused.value.fault.message
    assert Payment.objects.count() == 0


def test_a_freeze_reaches_a_payment_that_was_reserved_before(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    purchase = spending.purchase(payment)
    freezing.freeze(wallet, actor=ALICE, why="Now")
    with pytest.raises(Frozen):
        purchase.before_send(signed())
    payment.refresh_from_db()
    assert (payment.state, payment.nonce, bytes(payment.authorization_sealed)) == ("reserved", "", b"")


def test_what_was_signed_before_is_not_shown_again(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    spending.purchase(payment).before_send(signed())
    freezing.freeze(wallet, actor=ALICE, why="Now")
    with pytest.raises(Frozen):
        spending.purchase(payment)


def test_a_lift_without_a_workers_mark_counts_for_nothing(wallet: Wallet, frozen: Freeze) -> None:
    Freeze.objects.update(lifted_at=timezone.now(), lifted_by_label="Mallory", lift_mac=b"")
    with pytest.raises(Frozen):
        spending.reserve(wallet, charge())
    Freeze.objects.update(lift_mac=b"\x01" + b"\x00" * 36)
    with pytest.raises(Frozen):
        spending.reserve(wallet, charge())


def test_a_mark_of_one_freeze_lifts_no_other(wallet: Wallet, frozen: Freeze) -> None:
    freezing.lift(frozen, actor=ALICE)
    again = freezing.freeze(wallet, actor=ALICE, why="Again")
    Freeze.objects.filter(pk=again.pk).update(lifted_at=frozen.lifted_at, lift_mac=frozen.lift_mac)
    with pytest.raises(Frozen):
        spending.reserve(wallet, charge())


def test_a_lifted_wallet_pays_and_the_record_tells_both(wallet: Wallet, frozen: Freeze) -> None:
    freezing.lift(frozen, actor=ALICE)
    assert spending.reserve(wallet, charge()).state == "reserved"
    told = Event.objects.filter(object_id=str(wallet.pk)).order_by("seq").values_list("action", flat=True)
    assert list(told) == ["wallet.frozen", "wallet.unfrozen"]


def test_a_freeze_needs_a_reason_and_is_made_once(wallet: Wallet) -> None:
    with pytest.raises(Refusal) as refused:
        freezing.freeze(wallet, actor=ALICE, why="  ")
    assert refused.value.fault.code == "FREEZE_WITHOUT_REASON"
    freezing.freeze(wallet, actor=ALICE, why="Now")
    with pytest.raises(Refusal) as refused:
        freezing.freeze(wallet, actor=ALICE, why="Again")
    assert refused.value.fault.code == "WALLET_FROZEN_ALREADY"


# --- Two people, or an hour ---


def test_the_second_persons_word_lifts_it_and_one_person_counts_once(
    wallet: Wallet, frozen: Freeze, alice: User, bob: User
) -> None:
    member(wallet, alice, Role.OWNER)
    member(wallet, bob, Role.ADMIN)
    first = unfreezing.agree(frozen, user=alice)
    assert first.waiting is not None
    assert (first.lifted, first.waiting.due_at) == (False, None)
    with pytest.raises(Refusal) as refused:
        unfreezing.agree(frozen, user=alice)
    assert refused.value.fault.code == "UNFREEZE_ASKED"
    assert unfreezing.agree(frozen, user=bob).lifted
    assert spending.reserve(wallet, charge()).state == "reserved"


def test_who_is_alone_waits_an_hour_that_anybody_may_end(wallet: Wallet, frozen: Freeze, alice: User) -> None:
    member(wallet, alice, Role.OWNER)
    waiting = unfreezing.agree(frozen, user=alice).waiting
    assert waiting is not None
    assert waiting.due_at == waiting.at + timedelta(hours=1)
    with pytest.raises(Refusal):
        unfreezing.fall_due(waiting)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert unfreezing.fall_due(waiting)
    assert spending.reserve(wallet, charge()).state == "reserved"


def test_a_stopped_hour_lifts_nothing(wallet: Wallet, frozen: Freeze, alice: User) -> None:
    member(wallet, alice, Role.OWNER)
    waiting = unfreezing.agree(frozen, user=alice).waiting
    assert waiting is not None
    unfreezing.stop(waiting, actor=ALICE)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert not unfreezing.fall_due(waiting)
    with pytest.raises(Frozen):
        spending.reserve(wallet, charge())


def test_a_colleague_without_a_passkey_is_nobody_who_could(
    wallet: Wallet, frozen: Freeze, alice: User, bob: User
) -> None:
    member(wallet, alice, Role.OWNER)
    member(wallet, bob, Role.ADMIN, passkey=False)
    waiting = unfreezing.agree(frozen, user=alice).waiting
    assert waiting is not None
    assert waiting.due_at is not None


def test_a_word_that_no_worker_marked_is_no_word(
    wallet: Wallet, frozen: Freeze, alice: User, bob: User
) -> None:
    member(wallet, alice, Role.OWNER)
    member(wallet, bob, Role.ADMIN)
    Unfreezing.objects.create(freeze=frozen, by_id="99", by_label="Mallory", mac=b"\x01" + b"\x00" * 36)
    assert not unfreezing.agree(frozen, user=alice).lifted
    TrustedPasskey.objects.update(mac=b"")
    one = Unfreezing.objects.get()
    Unfreezing.objects.update(due_at=timezone.now() - timedelta(hours=2))
    with pytest.raises(Refusal):
        unfreezing.fall_due(one)

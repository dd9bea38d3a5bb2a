"""What an owner decides with a passkey: a payment the chain tells nothing of, and another address that is paid."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from audit.record import SYSTEM
from billing import background, deciding, payees
from core.errors import Refusal
from core.registry import erasers
from operations import consent
from operations.models import Operation, State
from teams.models import Team, User
from tests.billing.conftest import at
from tests.billing.test_guarded import Confirm, confirm, passkey
from tests.factories import OperationFactory
from tests.fixtures import ClientAs
from tests.passkeys import SoftPasskey
from tests.wallets.conftest import charge, signed
from wallets import closing, spending
from wallets import payees as gate
from wallets.models import Gateway, Payee, Payment, Wallet

__all__ = ["confirm", "passkey"]
OLD, NEW = "0x" + "11" * 20, "0x" + "22" * 20


@pytest.fixture
def unknown(wallet: Wallet) -> Payment:
    """A payment whose answer was lost more than a day ago."""
    payment = spending.reserve(wallet, charge(2_000_000 // 2))
    spending._store_signed(payment, signed())
    closing.doubt(payment, actor=SYSTEM)
    Payment.objects.update(reserved_at=timezone.now() - timedelta(hours=24, minutes=1))
    payment.refresh_from_db()
    return payment


@pytest.fixture
def browser(alice: User, client_as: ClientAs, gateway_here: Gateway) -> Client:
    return at(client_as(alice), gateway_here)


@pytest.mark.parametrize(("outcome", "state"), [("paid", "settled"), ("free", "released")])
def test_an_owner_says_what_became_of_a_payment(
    unknown: Payment, browser: Client, confirm: Confirm, outcome: str, state: str
) -> None:
    assert "Decide about it" in browser.get(reverse("billing:payment", args=[unknown.pk])).content.decode()
    form = {"outcome": outcome, "note": "The explorer shows no such nonce."}
    page = browser.post(reverse("billing:decide", args=[unknown.pk]), form, follow=True).content.decode()
    assert "The explorer shows no such nonce." in page
    assert confirm(Operation.objects.get(kind="payment.decide")).state == State.SUCCEEDED
    unknown.refresh_from_db()
    assert (unknown.state, unknown.note) == (state, "The explorer shows no such nonce.")
    assert (unknown.decided_by, bytes(unknown.authorization_sealed)) == ("Alice", b"")
    assert Event.objects.get(action="payment.decided").details["note"] == unknown.note


@pytest.mark.parametrize("form", [{"outcome": "paid"}, {"note": "x"}, {"outcome": "maybe", "note": "x"}])
def test_a_decision_needs_an_outcome_and_a_note(
    unknown: Payment, browser: Client, form: dict[str, str]
) -> None:
    answer = browser.post(reverse("billing:decide", args=[unknown.pk]), form)
    assert "decide-form" in answer.content.decode()
    assert not Operation.objects.filter(kind="payment.decide").exists()


def test_nobody_decides_within_a_day(unknown: Payment, alice: User, browser: Client) -> None:
    Payment.objects.update(reserved_at=timezone.now() - timedelta(hours=23))
    unknown.refresh_from_db()
    assert "decide-form" not in browser.get(reverse("billing:payment", args=[unknown.pk])).content.decode()
    with pytest.raises(Refusal) as refused:
        deciding.decide(payment=unknown, actor=alice, paid=False, note="no")
    assert refused.value.fault.code == "PAYMENT_YOUNG"


def test_the_worker_refuses_too_what_the_chain_told_or_may_still_tell(
    unknown: Payment, alice: User, confirm: Confirm
) -> None:
    young = deciding.decide(payment=unknown, actor=alice, paid=False, note="no")
    Payment.objects.update(reserved_at=timezone.now())
    assert confirm(young).error["code"] == "PAYMENT_YOUNG"
    Payment.objects.update(reserved_at=timezone.now() - timedelta(days=2))
    told = deciding.decide(payment=Payment.objects.get(), actor=alice, paid=False, note="no")
    closing.settle(Payment.objects.get(), paid_by="x402", actor=SYSTEM)
    assert confirm(told).error["code"] == "PAYMENT_KNOWN"
    assert Payment.objects.get().state == "settled"


def test_who_is_erased_leaves_the_decision_without_a_name(unknown: Payment, alice: User) -> None:
    closing.decide(unknown, paid=True, note="Seen in the explorer.", actor=alice.actor)
    erasers.get("wallets")(alice)
    unknown.refresh_from_db()
    assert (unknown.decided_by, unknown.note) == ("Erased person", "Seen in the explorer.")


# --- What operations left open ---


def test_what_an_ended_operation_left_open_is_closed_or_looked_up(wallet: Wallet) -> None:
    over = [
        OperationFactory.create(team=wallet.team, gateway=wallet.gateway, wallet=wallet, state=State.FAILED)
        for _ in range(2)
    ]
    active = OperationFactory.create(team=wallet.team, gateway=wallet.gateway, wallet=wallet)
    reserved, sent, kept = (
        spending.reserve(wallet, charge(operation=operation.pk)) for operation in (*over, active)
    )
    spending._store_signed(sent, signed())
    assert background.close_orphans(wallet.gateway, 10) == 1
    states = [Payment.objects.get(pk=payment.pk).state for payment in (reserved, sent, kept)]
    assert states == ["released", "signed", "reserved"]
    assert Operation.objects.get(kind="payment.reconcile").subject_id == sent.pk


def test_expired_authorizations_are_deleted_and_their_nonces_stay(wallet: Wallet) -> None:
    first, second = (spending.reserve(wallet, charge()) for _ in range(2))
    spending._store_signed(first, signed("0x" + "aa" * 32, valid_before=1_700_000_000))
    spending._store_signed(second, signed("0x" + "bb" * 32))
    assert spending.forget_expired() == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (bytes(first.authorization_sealed), first.nonce) == (b"", "0x" + "aa" * 32)
    assert spending.held(second) == signed("0x" + "bb" * 32)


# --- Whom a gateway has paid ---


@pytest.fixture
def stranger(team: Team, gateway_here: Gateway, keysets: None) -> Payee:
    """A gateway that asks for another address than the one that is paid."""
    gate.trust(team, gateway_here, OLD, actor=SYSTEM)
    gate.note(team, gateway_here, NEW)
    return Payee.objects.get()


def test_another_address_is_paid_after_an_owners_passkey(
    stranger: Payee, browser: Client, confirm: Confirm
) -> None:
    page = browser.get("/payees").content.decode()
    assert (OLD in page, NEW in page, "Pay the new address" in page) == (True, True, True)
    asked = browser.post(reverse("billing:payee_confirm", args=[stranger.pk]), follow=True).content.decode()
    assert (OLD in asked, NEW in asked) == (True, True)
    assert gate.known(stranger.team_id, stranger.gateway) == OLD
    assert confirm(Operation.objects.get(kind="payee.confirm")).state == State.SUCCEEDED
    assert gate.known(stranger.team_id, stranger.gateway) == NEW
    assert Payee.objects.get().seen == ""


def test_a_confirmation_of_what_has_moved_on_is_refused(
    stranger: Payee, alice: User, confirm: Confirm
) -> None:
    operation = payees.confirm(payee=stranger, actor=alice)
    gate.trust(stranger.team, stranger.gateway, "0x" + "33" * 20, actor=SYSTEM)
    assert confirm(operation).error["code"] == "PAYEE_MOVED"


def test_nothing_is_confirmed_where_no_other_address_was_seen(stranger: Payee, browser: Client) -> None:
    Payee.objects.update(seen="")
    browser.post(reverse("billing:payee_confirm", args=[stranger.pk]))
    assert not Operation.objects.filter(kind="payee.confirm").exists()


def test_the_digest_covers_the_addresses(stranger: Payee, alice: User, passkey: SoftPasskey) -> None:
    operation = payees.confirm(payee=stranger, actor=alice)
    before = consent.digest(operation)
    operation.args["address"] = OLD
    assert consent.digest(operation) != before

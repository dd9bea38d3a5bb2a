"""Stopping everything, a team or a gateway: who is told what, and that no money is reserved or signed meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.models import Event
from audit.record import SYSTEM, Actor
from core.errors import Refusal
from core.registry import lift_checks
from teams.models import User
from tests.factories import GatewayFactory, TeamFactory, UserFactory
from tests.wallets.conftest import charge, signed
from wallets import closing, freezing, halts, personal, spending
from wallets.models import Halt, Payment, Unfreezing, Wallet

pytestmark = pytest.mark.django_db

ALICE = Actor("1", "Alice")


def stop_gateway(wallet: Wallet) -> Halt:
    return halts.stop(actor=ALICE, why="it loses money", gateway=wallet.gateway)


def test_the_widest_halt_is_the_one_that_is_told(wallet: Wallet) -> None:
    gateway = stop_gateway(wallet)
    team = halts.stop(actor=ALICE, why="a key leaked", team=wallet.team)
    everything = halts.stop(actor=ALICE, why="moving")
    told = []
    for halt in (everything, team, gateway):
        told.append(halts.active_for(wallet.team_id, wallet.gateway_id))
        halts.lift(halt, actor=ALICE)
    assert told == [everything, team, gateway]
    assert halts.active_for(wallet.team_id, wallet.gateway_id) is None


def test_others_are_not_concerned(wallet: Wallet) -> None:
    halts.stop(actor=ALICE, why="a key leaked", team=TeamFactory.create())
    halts.stop(actor=ALICE, why="down", gateway=GatewayFactory.create(slug="other"))
    assert halts.active_for(wallet.team_id, wallet.gateway_id) is None
    assert halts.active_for(wallet.team_id, None) is None


def test_what_no_gateway_has_to_do_with_is_stopped_with_its_team_alone(wallet: Wallet) -> None:
    stop_gateway(wallet)
    assert halts.active_for(wallet.team_id, None) is None
    team = halts.stop(actor=ALICE, why="a key leaked", team=wallet.team)
    assert halts.active_for(wallet.team_id, None) == team


def test_the_refusal_says_who_when_and_why_and_where_to_look(wallet: Wallet) -> None:
    halt = stop_gateway(wallet)
    with pytest.raises(halts.Halted) as refused:
        halts.refuse_if_halted(wallet.team_id, wallet.gateway_id)
    fault = refused.value.fault
    when = halt.at.strftime("%-d %b, %H:%M")
    assert (fault.code, fault.message) == ("HALTED", f"Stopped by Alice on {when} UTC: it loses money.")
    assert [action["url"] for action in fault.next_actions] == ["/stops"]


def test_a_reason_is_needed_and_cut_to_its_length(wallet: Wallet) -> None:
    with pytest.raises(Refusal) as refused:
        halts.stop(actor=ALICE, why="  ", team=wallet.team)
    assert (refused.value.fault.code, refused.value.field) == ("HALT_WITHOUT_REASON", "why")
    assert len(halts.stop(actor=ALICE, why="x" * 300, team=wallet.team).why) == 200


@pytest.mark.parametrize("scope", ["everything", "team", "gateway"])
def test_each_is_stopped_once_at_a_time(wallet: Wallet, scope: str) -> None:
    targets: dict[str, dict[str, Any]] = {
        "everything": {},
        "team": {"team": wallet.team},
        "gateway": {"gateway": wallet.gateway},
    }
    of = targets[scope]
    first = halts.stop(actor=ALICE, why="once", **of)
    with pytest.raises(Refusal) as refused:
        halts.stop(actor=ALICE, why="twice", **of)
    assert refused.value.fault.code == "HALTED_ALREADY"
    halts.lift(first, actor=ALICE)
    assert halts.stop(actor=ALICE, why="again", **of).is_active


def test_a_halt_of_a_team_and_a_gateway_at_once_cannot_be_written(wallet: Wallet) -> None:
    with pytest.raises(TypeError):
        halts.stop(actor=ALICE, why="both", team=wallet.team, gateway=wallet.gateway)
    with pytest.raises(IntegrityError), transaction.atomic():
        Halt.objects.create(scope="team", gateway=wallet.gateway, why="both", by_label="Alice")


def test_both_ends_stand_in_the_record_of_whom_they_concern(wallet: Wallet) -> None:
    halts.lift(halts.stop(actor=ALICE, why="a key leaked", team=wallet.team), actor=ALICE)
    halts.lift(halts.stop(actor=ALICE, why="moving"), actor=SYSTEM)
    found = Event.objects.filter(action__startswith="halt.").order_by("at", "seq")
    told = [(e.action, e.chain.key, e.object_type, e.object_label, e.actor_label) for e in found]
    team = (str(wallet.team_id), "team", wallet.team.name, "Alice")
    assert told == [
        ("halt.made", *team),
        ("halt.lifted", *team),
        ("halt.made", "", "instance", "Everything", "Alice"),
        ("halt.lifted", "", "instance", "Everything", SYSTEM.label),
    ]
    assert found[0].details == {"why": "a key leaked", "cause": "person"}


def test_it_is_lifted_once(wallet: Wallet) -> None:
    halt = stop_gateway(wallet)
    halts.lift(halt, actor=ALICE)
    with pytest.raises(Refusal) as refused:
        halts.lift(halt, actor=ALICE)
    assert refused.value.fault.code == "HALT_LIFTED"
    assert (halt.lifted_by_label, halt.is_active) == ("Alice", False)


@pytest.fixture
def forbid() -> Iterator[list[str]]:
    sentences = ["Two wallets have not been looked up yet."]
    lift_checks.add("test", lambda halt: sentences if halt.is_restored else [])
    yield sentences
    del lift_checks._entries["test"]


def test_what_has_to_be_done_first_keeps_it(wallet: Wallet, forbid: list[str]) -> None:
    restored = halts.stop(actor=SYSTEM, why="backup of yesterday", cause=Halt.Cause.RESTORED)
    with pytest.raises(Refusal) as refused:
        halts.lift(restored, actor=ALICE)
    assert (refused.value.fault.code, refused.value.fault.message) == ("HALT_STAYS", forbid[0])
    assert halts.said(restored).startswith("Paused since the restore on ")
    forbid.clear()
    halts.lift(restored, actor=ALICE)
    assert not restored.is_active


def test_nothing_is_reserved_while_it_is_stopped(wallet: Wallet) -> None:
    halt = stop_gateway(wallet)
    with pytest.raises(halts.Halted):
        spending.reserve(wallet, charge())
    assert Payment.objects.count() == 0
    halts.lift(halt, actor=ALICE)
    assert spending.reserve(wallet, charge()).state == Payment.State.RESERVED


def test_what_was_reserved_before_is_returned_and_not_signed(wallet: Wallet) -> None:
    operation = uuid.uuid4()
    payment = spending.reserve(wallet, charge(operation=operation))
    purchase = spending.purchase(payment)
    halt = halts.stop(actor=ALICE, why="a key leaked", team=wallet.team)
    assert spending.reserve(wallet, charge(operation=operation)) == payment
    with pytest.raises(halts.Halted):
        purchase.before_send(signed())
    payment.refresh_from_db()
    assert (payment.state, payment.nonce) == (Payment.State.RESERVED, "")
    halts.lift(halt, actor=ALICE)
    purchase.before_send(signed())
    assert payment.nonce


def test_what_was_signed_before_is_not_presented_again_and_can_still_be_closed(wallet: Wallet) -> None:
    payment = spending.reserve(wallet, charge())
    spending.purchase(payment).before_send(signed())
    halts.stop(actor=ALICE, why="moving")
    with pytest.raises(halts.Halted):
        spending.purchase(payment)
    closing.settle(payment, paid_by="x402", actor=SYSTEM)
    assert payment.state == Payment.State.SETTLED


def test_an_erased_person_is_not_named_any_more(wallet: Wallet) -> None:
    carol: User = UserFactory.create(name="Carol")
    halt = halts.stop(actor=carol.actor, why="a key leaked", team=wallet.team)
    Halt.objects.filter(pk=halt.pk).update(lifted_at=timezone.now(), lifted_by_label=carol.label)
    personal.forget(carol)
    halt.refresh_from_db()
    assert (halt.by_label, halt.lifted_by_label) == ("Erased person", "Erased person")


def test_what_a_person_stopped_is_in_their_own_data(wallet: Wallet) -> None:
    carol: User = UserFactory.create(name="Carol")
    halt = halts.stop(actor=carol.actor, why="a key leaked", team=wallet.team)
    frozen = freezing.freeze(wallet=wallet, actor=carol.actor, why="to be sure")
    agreed = Unfreezing.objects.create(
        freeze=frozen, by_id=str(carol.pk), by_label=carol.label, mac=b"not genuine"
    )
    team = wallet.team.name
    assert personal.held(carol) == [
        {"team": team, "gateway": None, "stopped_at": halt.at.isoformat(), "why": "a key leaked"},
        {"team": team, "name": wallet.label, "stopped_at": frozen.at.isoformat(), "why": "to be sure"},
        {"team": team, "name": wallet.label, "unfreezing_since": agreed.at.isoformat()},
    ]
    assert personal.held(UserFactory.create()) == []


def test_an_erased_person_is_not_named_on_what_they_froze(wallet: Wallet) -> None:
    carol: User = UserFactory.create(name="Carol")
    frozen = freezing.freeze(wallet=wallet, actor=carol.actor, why="to be sure")
    agreed = Unfreezing.objects.create(
        freeze=frozen,
        by_id=str(carol.pk),
        by_label=carol.label,
        stopped_by_label=carol.label,
        mac=b"not genuine",
    )
    personal.forget(carol)
    for row in (frozen, agreed):
        row.refresh_from_db()
    assert {frozen.by_label, agreed.by_label, agreed.stopped_by_label} == {"Erased person"}

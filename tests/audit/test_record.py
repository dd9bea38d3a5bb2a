"""The audit record: appended with what it records, chained, and tampering shows."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from audit import words
from audit.chains import broken_at
from audit.models import Chain, Event, Mention
from audit.record import SYSTEM, Actor, Subject, digest_of, record

pytestmark = pytest.mark.django_db

TEAM = UUID(int=1)
ALICE = Actor("a1", "Alice")


def _record(count: int = 3, team: UUID | None = TEAM) -> None:
    for number in range(count):
        with transaction.atomic():
            subject = Subject("wallet", str(number), f"Wallet {number} – ü")
            record(
                "wallet.made",
                team_id=team,
                actor=ALICE,
                subject=subject,
                details={"b": 1, "a": [1, "ü", None]},
            )


def _events() -> list[Event]:
    return list(Event.objects.filter(chain=str(TEAM)).order_by("seq"))


def test_events_are_numbered_and_chained() -> None:
    _record()
    first, second, third = _events()
    assert [event.seq for event in (first, second, third)] == [1, 2, 3]
    assert [first.previous, second.previous, third.previous] == ["", first.digest, second.digest]
    assert (first.actor_id, first.actor_label, first.action) == ("a1", "Alice", "wallet.made")
    assert broken_at(TEAM) is None


def test_each_team_has_its_own_chain_and_the_instance_one() -> None:
    _record(2)
    _record(1, UUID(int=2))
    _record(1, None)
    assert sorted(Chain.objects.values_list("key", "seq")) == [("", 1), (str(TEAM), 2), (str(UUID(int=2)), 1)]


def test_digests_survive_the_database() -> None:
    _record(1)
    event = Event.objects.get()
    assert event.digest == digest_of(event)


def test_events_can_neither_be_saved_again_nor_deleted() -> None:
    _record(1)
    event = Event.objects.get()
    for attempt in (event.save, event.delete):
        with pytest.raises(TypeError):
            attempt()
    assert broken_at(TEAM) is None


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_recorded() -> None:
    with pytest.raises(TransactionManagementError):
        record("wallet.made", team_id=TEAM, actor=SYSTEM)
    assert Event.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rollback_leaves_no_event() -> None:
    _record(1)
    with transaction.atomic():
        record("wallet.made", team_id=TEAM, actor=SYSTEM)
        transaction.set_rollback(True)
    _record(1)
    assert [event.seq for event in _events()] == [1, 2]
    assert broken_at(TEAM) is None


@pytest.mark.django_db(transaction=True)
def test_people_acting_at_the_same_time_share_one_chain() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def act(_: int) -> None:
        try:
            _record(5)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, range(4)))
    assert Chain.objects.get().seq == 20
    assert broken_at(TEAM) is None


def test_every_action_has_words() -> None:
    assert words.in_words("operation.requested") == "Asked for"
    assert words.in_words("gateway.was_probed") == "Gateway was probed"


def test_an_event_is_found_under_each_id_that_it_mentions() -> None:
    with transaction.atomic():
        details = {"wallet": "w1", "operation": "o1", "kind": "tier.set", "project": None}
        record(
            "payment.settled",
            team_id=TEAM,
            actor=ALICE,
            subject=Subject("payment", "p1", "Tier"),
            details=details,
        )
    assert sorted(Mention.objects.values_list("key", flat=True)) == ["o1", "p1", "w1"]

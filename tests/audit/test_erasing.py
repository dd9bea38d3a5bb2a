"""A person's name leaves the record, and the chain holds."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import transaction

from audit import chains, personal
from audit.entries import ERASED, named
from audit.models import Event
from audit.record import Actor, Subject, record

pytestmark = pytest.mark.django_db

TEAM = uuid4()


class Bob:
    pk = uuid4()
    email = "bob@example.com"


BOB = Actor(str(Bob.pk), "Bob")
ALICE = Actor("a1", "Alice")


@pytest.fixture
def recorded() -> None:
    with transaction.atomic():
        record("wallet.made", team_id=TEAM, actor=BOB, subject=Subject("wallet", "1", "Studio"))
        record("member.changed", team_id=TEAM, actor=ALICE, subject=Subject("user", str(Bob.pk), "Bob"))
        record("invitation.sent", team_id=TEAM, actor=ALICE, subject=Subject("invitation", "2", Bob.email))
        record("wallet.made", team_id=TEAM, actor=ALICE, subject=Subject("wallet", "3", "Other"))


def names() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("seq").values_list("actor_label", "object_label"))


def test_the_name_goes_the_id_stays_and_the_chain_holds(recorded: None) -> None:
    personal.forget(Bob())
    assert names() == [(ERASED, "Studio"), ("Alice", ERASED), ("Alice", ERASED), ("Alice", "Other")]
    assert Event.objects.get(seq=1).actor_id == str(Bob.pk)
    assert chains.broken_at(TEAM) is None


def test_what_is_left_does_not_tell_the_name_by_guessing(recorded: None) -> None:
    salt = Event.objects.get(seq=1).actor_salt
    personal.forget(Bob())
    left = Event.objects.get(seq=1)
    assert (left.actor_salt, left.actor_erased) == ("", named(salt, "Bob"))
    assert named(left.actor_salt, "Bob") != left.actor_erased


def test_another_name_in_place_of_an_erased_one_shows(recorded: None) -> None:
    personal.forget(Bob())
    Event.objects.filter(seq=1).update(actor_label="Charlie")
    assert chains.broken_at(TEAM) == 1


def test_erasing_twice_changes_nothing_more(recorded: None) -> None:
    personal.forget(Bob())
    before = list(Event.objects.order_by("seq").values())
    personal.forget(Bob())
    assert list(Event.objects.order_by("seq").values()) == before

"""Refusals are recorded, and a loop of them is one entry a minute."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError
from django.utils import timezone

from audit import refusals
from audit.models import Event
from audit.record import Subject
from audit.refusals import Refused
from tests.audit.tampering import ALICE, TEAM

pytestmark = pytest.mark.django_db

REFUSED = Refused("access.refused", TEAM, ALICE, Subject("page", "home:home", "home:home"), {"reason": "no"})


def test_equal_refusals_are_one_entry_a_minute() -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        assert [refusals.write(REFUSED) for _ in range(50)] == [True, *[False] * 49]
    with time_machine.travel(now + timedelta(seconds=59), tick=False):
        assert not refusals.write(REFUSED)
    with time_machine.travel(now + timedelta(seconds=61), tick=False):
        assert refusals.write(REFUSED)
    assert Event.objects.count() == 2


def test_others_are_entries_of_their_own() -> None:
    others = (
        Refused("access.refused", TEAM, ALICE, Subject("page", "teams:x", ""), {"reason": "no"}),
        Refused("access.refused", TEAM, ALICE, REFUSED.subject, {"reason": "not now"}),
        Refused("operation.refused", TEAM, ALICE, REFUSED.subject, {"reason": "no"}),
        Refused("access.refused", None, ALICE, REFUSED.subject, {"reason": "no"}),
    )
    assert [refusals.write(refused) for refused in (REFUSED, *others)] == [True] * 5


def test_what_a_request_notes_is_written_when_it_is_over() -> None:
    with refusals.noting() as write:
        refusals.note(REFUSED)
        assert Event.objects.count() == 0
    write()
    assert Event.objects.count() == 1


def test_what_has_to_be_looked_up_is_looked_up_when_the_answer_has_left() -> None:
    looked: list[str] = []

    def find() -> list[Refused]:
        looked.append("now")
        return [REFUSED]

    with refusals.noting() as write:
        refusals.find_later(find)
        assert looked == []
    write()
    assert (looked, Event.objects.count()) == (["now"], 1)


def test_outside_a_request_it_is_written_at_once() -> None:
    refusals.note(REFUSED)
    assert Event.objects.count() == 1


def test_a_database_that_does_not_take_it_is_told_to_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(refusals, "record", fail)
    with refusals.noting() as write:
        refusals.note(REFUSED)
    write()
    assert "refusal_not_recorded" in caplog.text

"""What the record is narrowed to, and the table for spreadsheets."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit import files, selectors, words
from audit.models import Event
from audit.record import SYSTEM, Subject, record
from audit.selectors import EVERYTHING, PANEL, Narrowing
from tests.audit.tampering import ALICE, TEAM, record_some

pytestmark = pytest.mark.django_db


def _numbers(narrowing: Narrowing) -> list[int]:
    return sorted(selectors.events_of(TEAM, narrowing).values_list("seq", flat=True))


@pytest.fixture
def entries() -> None:
    record_some(3)
    with transaction.atomic():
        details = {"wallet": "w-9"}
        record(
            "payment.settled",
            team_id=TEAM,
            actor=SYSTEM,
            subject=Subject("payment", "p", "Tier"),
            details=details,
        )
    for seq, day in ((1, 1), (2, 2), (3, 3), (4, 4)):
        at = datetime(2026, 5, day, 23, 59, 59, 999_999, tzinfo=UTC)
        Event.objects.filter(seq=seq).update(at=at)


@pytest.mark.parametrize(
    ("narrowing", "numbers"),
    [
        (EVERYTHING, [1, 2, 3, 4]),
        (Narrowing(text="ALICE"), [1, 2, 3]),
        (Narrowing(text="thing 2"), [2]),
        (Narrowing(text="nobody"), []),
        (Narrowing(text="payment settled"), [4]),
        (Narrowing(actor="a1"), [1, 2, 3]),
        (Narrowing(actor=PANEL), [4]),
        (Narrowing(group="operation"), [2]),
        (Narrowing(object_type="wallet"), [1, 3]),
        (Narrowing(about="2"), [2]),
        (Narrowing(about="w-9"), [4]),
        (Narrowing(since=date(2026, 5, 2)), [2, 3, 4]),
        (Narrowing(until=date(2026, 5, 2)), [1, 2]),
        (Narrowing(until=date.max), [1, 2, 3, 4]),
        (Narrowing(since=date(2026, 5, 2), until=date(2026, 5, 3), object_type="wallet"), [3]),
    ],
)
def test_events_are_narrowed(entries: None, narrowing: Narrowing, numbers: list[int]) -> None:
    assert _numbers(narrowing) == numbers


def test_another_team_sees_none_of_it(entries: None) -> None:
    assert list(selectors.events_of(UUID(int=2), Narrowing(about="w-9"))) == []


def test_who_stands_in_the_record(entries: None) -> None:
    assert selectors.actors_of(TEAM) == [("a1", "Alice"), (PANEL, "Run402 Panel")]


def test_events_are_read_in_pieces(entries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "CHUNK", 2)
    found = selectors.in_order(selectors.events_of(TEAM), 3)
    assert [event.seq for event in found] == [1, 2, 3]


def test_a_table_cannot_hide_a_formula() -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "plain", 'q"u,o\nte']
    for label in hostile:
        with transaction.atomic():
            record("wallet.made", team_id=TEAM, actor=ALICE, subject=Subject("wallet", "1", label))
    last = selectors.events_of(TEAM)[0]
    rows = list(csv.DictReader("".join(files.as_csv(TEAM, EVERYTHING, last=last)).splitlines(keepends=True)))
    told = [row["object"] for row in rows]
    assert told == [*(f"'{label}" for label in hostile[:6]), *hostile[6:]]
    assert (rows[0]["seq"], rows[0]["words"]) == ("1", "Wallet made, its limits written")
    assert json.loads(rows[0]["details"]) == {}
    assert datetime.fromisoformat(rows[0]["at"]) <= timezone.now()


def test_every_action_that_is_recorded_has_words() -> None:
    """Actions that the code names in full; those of operations and payments are made of their states."""
    calls = re.compile(r"""\b_?(?:record|record_person|Refused)\(\s*["']([a-z_]+\.[a-z_]+)["']""")
    rooms = ("audit", "teams", "wallets", "operations", "projects", "billing", "deploys", "home")
    sources = [path.read_text() for room in rooms for path in (Path(settings.BASE_DIR) / room).rglob("*.py")]
    recorded = {action for source in sources for action in calls.findall(source)}
    assert recorded - set(words.WORDS) == set()
    assert recorded >= {"team.created", "wallet.made", "access.signed_in", "audit.exported"}
    assert {action.partition(".")[0] for action in words.WORDS} == set(words.GROUPS)

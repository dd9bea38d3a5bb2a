"""What begins to be wrong is told to operators once, and once when it is over, however many workers look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from notifications.models import Mail, Notice
from operations import pulse, schedule
from operations.models import BeatPulse, Trouble, WorkerPulse
from operations.watch import findings, troubles
from operations.watch.findings import Finding
from teams.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

Later = Callable[..., None]


@pytest.fixture
def otto(keysets: None) -> User:
    """The operator of an instance that is well."""
    schedule.beat_once("one")
    pulse.beat_once("one")
    operator: User = UserFactory.create(email="otto@example.com", is_operator=True)
    return operator


@pytest.fixture
def later(otto: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[Later]:
    """Return a function that lets time pass, has workers give a sign of life, and has two of them look."""
    for module in (findings, pulse):  # the database's clock does not travel along
        monkeypatch.setattr(module, "skew", lambda: timedelta(0))
    with time_machine.travel(timezone.now(), tick=False) as clock:

        def pass_(*workers: str, beat: bool = True, **time: float) -> None:
            clock.shift(timedelta(**time))
            if beat:
                schedule.beat_once("one")
            for name in workers or ("one",):
                pulse.beat_once(name)
            troubles.note()
            troubles.note()

        yield pass_


def titles() -> list[str]:
    return list(Notice.objects.order_by("created_at", "occurrence").values_list("title", flat=True))


def test_nothing_is_told_of_a_well_instance(later: Later) -> None:
    later(minutes=10)
    assert (titles(), Trouble.objects.count()) == ([], 0)


def test_what_lasts_is_told_when_it_begins_and_when_it_is_over(later: Later, otto: User) -> None:
    later(beat=False, seconds=40)
    later(beat=False, seconds=30)
    assert titles() == []
    later(beat=False, seconds=40)
    assert titles() == ["The schedule stands still"]
    notice = Notice.objects.get()
    assert (notice.person, notice.event, notice.url) == (otto, "instance.trouble", "/instance")
    later(minutes=1)
    assert len(titles()) == 1
    later(minutes=2)
    assert titles() == ["The schedule stands still", "Over: The schedule stands still"]
    later(minutes=9)
    assert (len(titles()), Trouble.objects.filter(ended_at=None).count()) == (2, 0)


def test_what_flickers_is_told_once_and_what_was_short_never(later: Later) -> None:
    later(beat=False, seconds=40)
    later(minutes=3)
    assert (titles(), Trouble.objects.get().told_at) == ([], None)
    for _ in range(4):
        BeatPulse.objects.all().delete()
        later(beat=False, seconds=40)
        later(seconds=10)
    assert titles() == ["The schedule stands still"]


def test_it_is_told_again_when_it_begins_again(later: Later) -> None:
    for _ in range(2):
        later(beat=False, seconds=40)
        later(beat=False, seconds=70)
        later(minutes=3)
    assert titles() == ["The schedule stands still", "Over: The schedule stands still"] * 2


def test_a_missing_keyset_is_told(later: Later, settings: Settings) -> None:
    settings.VAULT_PRIVATE_KEYSET = ""
    later(seconds=1)
    later(seconds=61)
    assert titles() == ["A keyset is missing"]


def test_of_two_workers_one_remembers_and_tells(later: Later) -> None:
    first, second = troubles.begin(Finding.DISK), troubles.begin(Finding.DISK)
    assert (first is None, second) == (False, None)
    row = Trouble.objects.get()
    Trouble.objects.update(began_at=timezone.now() - timedelta(minutes=2))
    stale = [Trouble.objects.get(), Trouble.objects.get()]
    for copy in stale:
        troubles._lasts(copy, timezone.now())
    assert titles() == ["The disk is nearly full"]
    for copy in [Trouble.objects.get(pk=row.pk), Trouble.objects.get(pk=row.pk)]:
        troubles._end(copy, timezone.now())
    assert titles() == ["The disk is nearly full", "Over: The disk is nearly full"]


def test_a_missing_worker_is_told_and_that_it_is_back(later: Later) -> None:
    later("one", "two", seconds=1)
    later(minutes=4)
    later(seconds=61)
    assert titles() == []
    later(seconds=61)
    assert titles() == ["Worker two has not been seen for five minutes"]
    later("one", "two", seconds=10)
    later("one", "two", minutes=2, seconds=5)
    assert titles()[1:] == ["Worker two is back"]


def test_one_that_was_stopped_for_good_is_told_of_once(later: Later) -> None:
    later("one", "two", seconds=1)
    later(minutes=6)
    later(minutes=2)
    later(days=1)
    assert not WorkerPulse.objects.filter(name="two").exists()
    later(minutes=5)
    assert titles() == [
        "Worker two has not been seen for five minutes",
        "Worker two is not looked for any more",
    ]


def test_a_deaf_worker_is_told_at_once_and_that_it_is_back(later: Later) -> None:
    later("one", "two", seconds=1)
    troubles.deaf("two")
    later(minutes=3)
    later(minutes=1)
    assert titles() == ["Worker two took nothing from the line and ended itself"]
    later("one", "two", seconds=20)
    later("one", "two", minutes=3)
    assert titles()[1:] == ["Worker two is back"]


def test_operators_get_mail_by_their_rules(later: Later, otto: User, settings: Settings) -> None:
    settings.MAIL_FROM = "panel@example.com"
    UserFactory.create(email="quiet@example.com", is_operator=True).mail_rules.create(
        event="instance.trouble", mail=False
    )
    troubles.deaf("one")
    assert Notice.objects.count() == 2
    assert list(Mail.objects.values_list("to", flat=True)) == ["otto@example.com"]

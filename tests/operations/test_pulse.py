"""How pages know that a worker is alive."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from operations import pulse, selectors
from operations.models import WorkerPulse

pytestmark = pytest.mark.django_db


def test_without_any_worker_there_is_silence() -> None:
    assert selectors.worker_is_silent()


def test_a_pulse_lasts_five_seconds() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        pulse.beat_once("one")
        assert not selectors.worker_is_silent()
        clock.shift(5)
        assert not selectors.worker_is_silent()
        clock.shift(0.1)
        assert selectors.worker_is_silent()


def test_a_worker_says_whether_it_can_unlock(keysets: None) -> None:
    pulse.beat_once("one")
    assert WorkerPulse.objects.get().unlocks


def test_workers_gone_for_a_day_are_forgotten() -> None:
    with time_machine.travel(timezone.now() - timedelta(days=1, minutes=1)):
        pulse.beat_once("old")
    pulse.beat_once("new")
    assert list(WorkerPulse.objects.values_list("name", flat=True)) == ["new"]

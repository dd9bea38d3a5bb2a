"""How pages know that a worker is alive."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from operations import pulse, selectors
from operations.models import WorkerPulse
from tests.operations import processes
from tools.layout import ROOT

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


#: A process whose pulse beats without a pause, forking forty times; each child writes once and leaves.
FORKING = """
import os, sys, time
import django; django.setup()
from operations import pulse
from operations.models import WorkerPulse
pulse.EVERY_SECONDS = 0.0
pulse.start(["interactive"])
ended = []
for number in range(40):
    time.sleep(0.01)
    child = os.fork()
    if not child:
        try:
            WorkerPulse(name=f"child {number}", unlocks=False).save()
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    ended.append(os.waitpid(child, 0)[1])
sys.exit(f"{sum(map(bool, ended))} of {len(ended)} could not write" if any(ended) else 0)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_process_forked_while_the_pulse_beats_finds_its_database_whole(data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING],
        cwd=ROOT,
        env=processes.environment(data),
        capture_output=True,
        text=True,
        check=False,
        timeout=processes.PATIENCE_SECONDS,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert WorkerPulse.objects.filter(name__startswith="child ").count() == 40

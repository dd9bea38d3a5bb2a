"""The guardian ends what it was told of when its input closes, and only that."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import guardian
from tools.guard import Guardian, wait_for_earlier

DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
)
POLITE = "import time; print(1, flush=True); time.sleep(60)"


def sleeper(code: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code], start_new_session=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()  # it sleeps
    return process


@pytest.fixture
def deaf() -> Iterator[subprocess.Popen[bytes]]:
    with sleeper(DEAF) as process:
        yield process
        process.kill()


@pytest.fixture
def polite() -> Iterator[subprocess.Popen[bytes]]:
    with sleeper(POLITE) as process:
        yield process
        process.kill()


def test_what_is_left_is_what_came_and_was_not_ended() -> None:
    assert guardian.left_over(["+1\n", "+2\n", "-1\n", "+3\n", "-9\n"]) == [2, 3]


def test_who_stops_when_asked_is_not_killed(tmp_path: Path, polite: subprocess.Popen[bytes]) -> None:
    watching = Guardian(tmp_path, patience=1)
    watching.watch(polite.pid)
    watching.leave()
    assert polite.wait(10) == -15


def test_who_does_not_stop_is_killed_when_patience_ends(
    tmp_path: Path, deaf: subprocess.Popen[bytes]
) -> None:
    watching = Guardian(tmp_path, patience=0.3)
    watching.watch(deaf.pid)
    began = time.monotonic()
    watching.leave()
    assert deaf.wait(10) == -9
    assert time.monotonic() - began >= 0.3


def test_what_ended_before_is_let_alone(tmp_path: Path, polite: subprocess.Popen[bytes]) -> None:
    watching = Guardian(tmp_path, patience=0)
    watching.watch(polite.pid)
    watching.forget(polite.pid)
    watching.leave()
    assert polite.poll() is None


def test_the_next_start_waits_for_what_an_earlier_one_left(
    tmp_path: Path, deaf: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    watching = Guardian(tmp_path, patience=0.5)
    watching.watch(deaf.pid)
    assert watching._process.stdin is not None
    watching._process.stdin.close()  # as the system does for one that was killed
    wait_for_earlier(tmp_path)
    assert (deaf.wait(10), capsys.readouterr().out) == (
        -9,
        "Waiting for what an earlier start left running ...\n",
    )
    watching._process.stdin = None
    watching.leave()


def test_a_folder_that_was_never_started_in_has_nobody_to_wait_for(tmp_path: Path) -> None:
    wait_for_earlier(tmp_path)
    assert list(tmp_path.iterdir()) == []

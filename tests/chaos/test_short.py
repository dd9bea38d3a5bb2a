"""A chaos that is short enough for every run of the tests."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tools.layout import ROOT

SEED, OPERATIONS, SECONDS = 5, 20, 400


@pytest.mark.slow
def test_a_short_chaos_loses_repeats_and_overspends_nothing() -> None:
    command = [sys.executable, "-m", "tools.chaos", "--backend", "sqlite", "--short", "--seed", str(SEED)]
    done = subprocess.run(
        [*command, "--operations", str(OPERATIONS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    line = r"chaos: (\d+) operations, (\d+) kills, 0 lost, 0 repeated, 0 overspent"
    found = re.fullmatch(line, done.stdout.splitlines()[-1])
    assert found, done.stdout
    assert (int(found[1]) >= OPERATIONS, int(found[2]) >= 1) == (True, True)

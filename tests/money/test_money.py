"""A short `make money`: the gate holds whoever is killed, on the database that the tests run on."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tools.layout import ROOT

SEED = 402


@pytest.mark.postgres
def test_no_kill_between_two_steps_overspends_pays_twice_or_leaks() -> None:
    on = "postgresql" if os.environ.get("PANEL_TEST_DATABASE_URL") else "sqlite"
    options = ["--rounds=2", "--spends=10", "--processes=3", f"--seed={SEED}", f"--on={on}"]
    command = [sys.executable, "-m", "tools.money", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    first, last = done.stdout.splitlines()[0], done.stdout.splitlines()[-1]
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(rf"money: \d rounds, 0 over cap, 0 double, 0 leaked \(seed {SEED}.*\)", last)
    killed = re.search(r"(\d+) paid, (\d+) processes killed", first)
    assert killed is not None
    assert min(map(int, killed.groups())) > 0

"""Tests that share a stack are drawn by one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.groups import GROUPS, group_of
from tools.layout import ROOT

SUITE = """
import os, pytest

@pytest.mark.parametrize("number", range(20))
def test_who(number):
    with open("who", "a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + " ")
"""


def test_every_group_is_of_tests_that_are_there() -> None:
    assert [beginning for beginning in GROUPS if not (ROOT / beginning).exists()] == []


def test_a_test_without_a_group_stands_alone() -> None:
    assert group_of("tests/wallets/test_x.py::test_y") == "tests/wallets/test_x.py::test_y"
    assert len({group_of(beginning) for beginning in GROUPS}) == 3


def workers_of(folder: Path, name: str) -> set[str]:
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_text(SUITE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    options = ["-p", "tests.groups", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadgroup"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, name],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return set((folder / "who").read_text().split())


def test_a_group_runs_in_one_process_and_others_in_both(tmp_path: Path) -> None:
    assert len(workers_of(tmp_path / "grouped", "tests/rooms/test_some.py")) == 1
    assert len(workers_of(tmp_path / "alone", "tests/other/test_some.py")) == 2

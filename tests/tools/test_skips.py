"""Under CI a skip must name something that the machine really lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.skips import SkipsUnderCI
from tools import machine
from tools.layout import ROOT
from tools.test import FAILED_BEFORE

SUITE = """
import pytest

def test_that_runs(): pass

@pytest.mark.skip(reason="not today")
def test_that_could_run(): pass
"""


def run(folder: Path, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_some.py").write_text(SUITE)
    options = ["-p", "tests.skips", "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", os.devnull]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(folder)],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_skip_without_need_fails_under_ci_only(tmp_path: Path, ci: str, code: int) -> None:
    done = run(tmp_path, ci)
    assert done.returncode == code
    assert ("SKIP REFUSED under CI" in done.stdout) is (ci == "true")
    assert done.stdout.splitlines()[-1].strip("= ").startswith("1 passed, 1 skipped")


def test_a_skip_is_accepted_only_for_what_was_not_there_and_could_not_be_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present = machine.Resource("present", lambda: True)
    fetchable = machine.Resource("fetchable", lambda: False, lambda: True)
    missing = machine.Resource("missing", lambda: False, lambda: False)
    monkeypatch.setattr(
        machine, "ALL", (present, fetchable, missing, machine.Resource("none", lambda: False))
    )
    assert SkipsUnderCI().accepted == {"missing", "none"}


def test_a_run_that_failed_before_is_told_ahead_of_the_closing_line(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text("def test_that_runs(): pass\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.earlier",
            "--rootdir",
            str(tmp_path),
            "-c",
            os.devnull,
            str(tmp_path),
        ],
        cwd=ROOT,
        env={**os.environ, FAILED_BEFORE: "the other run failed"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-2] == "FAILED BEFORE: the other run failed (see above)"
    assert done.stdout.splitlines()[-1].strip("= ").startswith("1 passed")

"""Under CI a skip must name something that the machine really lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.layout import ROOT

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

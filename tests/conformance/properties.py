"""Part 5: what holds for any input, as hypothesis tries to refute it in tests/run402."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from tests.conformance.kit import Kit, ScriptError
from tests.conformance.report import Report
from tools.layout import ROOT

FOLDER = "tests/run402"
# A part of the issue each: the round trip of a spec, canonical JSON, rules of routes, errors from any JSON.
LEAST = 6


def conform(report: Report, kit: Kit) -> None:
    report.part("Properties: what hypothesis does not refute")
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        results = Path(folder) / "results.xml"
        options = ["-m", "hypothesis", "-q", "-p", "no:cacheprovider", f"--junitxml={results}"]
        command = [sys.executable, "-m", "pytest", FOLDER, *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not results.exists():
            raise ScriptError(f"pytest gave no results: {(done.stdout + done.stderr)[-2000:]}")
        cases = list(ElementTree.parse(results).iter("testcase"))
    for case in cases:
        wrong = next((each for each in case if each.tag in ("failure", "error")), None)
        words = case.get("name", "").removeprefix("test_").replace("_", " ")
        report.check(words, wrong is None, (wrong.text or "")[-1200:] if wrong is not None else "")
    report.check(f"there are at least {LEAST} of them", len(cases) >= LEAST, len(cases))

"""Known vulnerabilities of the locked packages, and how many of them a service could really tell us about.

pip-audit says "no known vulnerabilities" also when it could look up nothing: what counts is what was audited.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from tools.layout import ROOT

SERVICES = ("osv", "pypi")


@dataclass(frozen=True)
class Audit:
    audited: int
    packages: int
    vulnerable: tuple[str, ...]

    def sentence(self) -> str:
        text = f"audited {self.audited} of {self.packages}"
        if self.audited == 0:
            return f"{text}: no vulnerability service is reachable"
        return f"{text}, {len(self.vulnerable)} with known vulnerabilities"


def audit() -> Audit:
    """Ask the first service that knows anything."""
    last = Audit(0, locked_packages(), ())
    for service in SERVICES:
        answer = _ask(service)
        if answer is not None and answer.audited:
            return answer
    return last


def locked_packages() -> int:
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    return sum("==" in line for line in lines)


def _ask(service: str) -> Audit | None:
    options = [
        "--no-deps",
        "--disable-pip",
        "--progress-spinner",
        "off",
        "--format",
        "json",
        "--timeout",
        "10",
    ]
    command = [sys.executable, "-m", "pip_audit", "-r", "requirements-dev.txt", "-s", service, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        return read_report(done.stdout)
    except ValueError:
        return None  # the service is not reachable: pip-audit ended without a report


def read_report(text: str) -> Audit:
    rows = json.loads(text)["dependencies"]
    checked = [row for row in rows if "skip_reason" not in row]
    found = [f"{row['name']} {row['version']}: {bug['id']}" for row in checked for bug in row["vulns"]]
    return Audit(len(checked), len(rows), tuple(found))

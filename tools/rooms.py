"""`make rooms`: walk every browser path through the running stack, in every width and theme."""

from __future__ import annotations

import sys

import pytest

from tools import machine
from tools.stack import stop_on_signals
from tools.test import BROWSER, install_chromium


class Count:
    """Paths walked, and those that failed in set-up, walk or tear-down."""

    def __init__(self) -> None:
        self.walked: set[str] = set()
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.failed:
            self.walked.add(report.nodeid)
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)


def main() -> int:
    install_chromium()
    if not machine.CHROMIUM.is_there():
        print(f"rooms: 0 paths: {machine.CHROMIUM.missing}", file=sys.stderr)
        return 1
    stop_on_signals()
    count = Count()
    code = pytest.main(["tests/rooms", "-m", "rooms", "-v", *BROWSER, *sys.argv[1:]], plugins=[count])
    print(f"rooms: {len(count.walked)} paths, {len(count.failed)} failed")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())

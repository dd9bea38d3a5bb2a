"""For all tests: which run on PostgreSQL too, and which skips CI accepts. Fixtures: tests/fixtures.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools import machine

pytest_plugins = ["tests.fixtures"]

HERE = Path(__file__).parent
# The rooms whose rows carry locks, leases and money: their tests run on PostgreSQL as well (make test).
POSTGRES_ROOMS = {"audit", "operations", "teams", "wallets"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        room = item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else ""
        if room in POSTGRES_ROOMS:
            item.add_marker(pytest.mark.postgres)


class SkipsUnderCI:
    """Fail the run for a skip whose reason is not a thing that this machine really lacks."""

    def __init__(self) -> None:
        self.accepted = {resource.missing for resource in machine.ALL if not resource.is_there()}
        self.refused: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._look_at(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._look_at(report)

    def _look_at(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped or hasattr(report, "wasxfail"):
            return
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if reason.removeprefix("Skipped: ") not in self.accepted:
            self.refused.append(f"{report.nodeid}: {reason}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.refused and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.refused:
            terminalreporter.write_line(f"SKIP REFUSED under CI: {line}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    is_controller = not hasattr(config, "workerinput")
    if os.environ.get("CI") == "true" and is_controller:
        config.pluginmanager.register(SkipsUnderCI(), "skips-under-ci")

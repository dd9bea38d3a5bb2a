"""Which skips CI accepts: those that name something which the machine lacks and could not have fetched."""

from __future__ import annotations

import os

import pytest

from tools import machine


class SkipsUnderCI:
    """Fail the run for a skip whose reason is not a thing that this machine lacks and cannot have."""

    def __init__(self) -> None:
        self.accepted = {resource.missing for resource in machine.ALL if not resource.could_be_there()}
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

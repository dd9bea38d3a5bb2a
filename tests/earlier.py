"""Tells of a run that failed before this one, so that a closing line in green hides nothing."""

from __future__ import annotations

import os

import pytest

from tools.test import FAILED_BEFORE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    told = os.environ.get(FAILED_BEFORE)
    if told:
        terminalreporter.write_line(f"FAILED BEFORE: {told} (see above)", red=True)

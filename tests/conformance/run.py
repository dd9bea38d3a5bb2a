"""The parts of `make conformance`, in their order."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from run402.errors import Run402Error
from tests.conformance import mpp_steps, payer, payments, properties, scenario, siwx
from tests.conformance.kit import Kit, ScriptError
from tests.conformance.report import Report
from tools.node import Node

_STOPS = (ScriptError, subprocess.SubprocessError, httpx.HTTPError, Run402Error, OSError, RuntimeError)
_SURPRISES = (LookupError, ValueError, TypeError, AssertionError)

_PARTS: dict[str, Callable[[Report, Kit], None]] = {
    "siwx": siwx.conform,
    "payer": payer.conform,
    "payments": payments.conform,
    "scenario": scenario.conform,
    "mpp": mpp_steps.conform,
    "properties": properties.conform,
}


def parts() -> list[str]:
    return list(_PARTS)


def conform(node: Node, python: Path, home: Path, only: Sequence[str]) -> Report:
    """Run the parts named by `only`, or all. A part that stops half-way is one failed check."""
    report, kit = Report(), Kit(node, python, home)
    for name in only or parts():
        try:
            _PARTS[name](report, kit)
        except (*_STOPS, *_SURPRISES) as error:
            report.check(f"the part {name} ran to its end", False, f"{type(error).__name__}: {error}")
    return report

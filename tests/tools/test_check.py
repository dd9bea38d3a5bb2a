"""What make check makes of licences and audit reports."""

from __future__ import annotations

import json
from email.message import Message
from importlib.metadata import distribution

import pytest

from tools import licences
from tools.vulnerabilities import Audit, read_report


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("Apache-2.0 AND CNRI-Python", True),
        ("Artistic OR GPL-2.0", True),
        ("GPL-3.0-only", False),
        ("MIT AND AGPL-3.0-only", False),
        ("none stated", False),
    ],
)
def test_every_part_of_a_licence_must_be_allowed(expression: str, allowed: bool) -> None:
    assert licences.is_allowed(expression) is allowed


@pytest.mark.parametrize(
    ("headers", "licence"),
    [
        ([("License-Expression", "MIT")], "MIT"),
        (
            [("Classifier", "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)")],
            "Mozilla Public License 2.0",
        ),
        ([("Classifier", "License :: OSI Approved :: BSD License"), ("Classifier", "Topic :: x")], "BSD"),
        ([("License", "MIT License\nCopyright somebody")], "MIT"),
        ([], "none stated"),
    ],
)
def test_a_licence_is_read_from_wherever_a_package_states_it(
    headers: list[tuple[str, str]], licence: str
) -> None:
    metadata = Message()
    for name, value in headers:
        metadata[name] = value
    assert licences.declared(metadata) == licence  # type: ignore[arg-type]  # Message is what it is at run time


def test_a_package_that_declares_none_is_known_by_the_text_it_ships() -> None:
    package = distribution("axe-playwright-python")
    assert licences.declared(package.metadata) == "none stated"
    assert licences.stated(package) == "MIT"


def test_a_package_that_could_not_be_looked_up_is_not_counted_as_audited() -> None:
    rows = [
        {"name": "alpha", "version": "1", "vulns": []},
        {"name": "beta", "version": "2", "vulns": [{"id": "PYSEC-1"}]},
        {"name": "gamma", "skip_reason": "not found"},
    ]
    assert read_report(json.dumps({"dependencies": rows})) == Audit(2, 3, ("beta 2: PYSEC-1",))


def test_an_audit_of_nothing_says_so() -> None:
    assert Audit(0, 9, ()).sentence() == "audited 0 of 9: no vulnerability service is reachable"

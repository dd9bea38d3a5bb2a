"""Which Node is taken, and when what is installed counts as installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import conformance, node


def program(folder: Path, name: str, says: str) -> Path:
    """A program that prints one line."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "taken"),
    [("v22.19.0", True), ("v24.1.0", True), ("v22.18.9", False), ("v20.20.2", False), ("not found", False)],
)
def test_node_is_taken_from_22_19_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, taken: bool
) -> None:
    program(tmp_path, "node", version)
    program(tmp_path, "npm", "11.0.0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = node._of_machine()
    assert (found is not None and found.program == str(tmp_path / "node")) is taken


def test_node_that_cannot_run_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "node").write_text("no program")
    assert node._checked(str(tmp_path / "node"), ("npm",)) is None


def test_processes_find_the_node_that_was_taken_first(tmp_path: Path) -> None:
    found = node.Node(str(tmp_path / "node"), ("npm",), "v24.1.0")
    assert found.environment["PATH"].split(":")[0] == str(tmp_path)


def test_stamp_counts_only_for_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp = tmp_path / "stamp.json"
    stamp.write_text(json.dumps({"npm": "one", "python": "two"}))
    (tmp_path / "node_modules").mkdir()
    monkeypatch.setattr(conformance, "STAMP", stamp)
    monkeypatch.setattr(conformance, "HOME", tmp_path)
    monkeypatch.setattr(conformance, "VENV", tmp_path / "nothing")
    assert conformance.installed() == {"npm": "one"}


def test_damaged_stamp_means_that_nothing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp = tmp_path / "stamp.json"
    stamp.write_text("{")
    monkeypatch.setattr(conformance, "STAMP", stamp)
    assert conformance.installed() == {}


def test_another_node_means_installing_its_packages_anew() -> None:
    one, two = (
        conformance.wanted(node.Node("node", ("npm",), version)) for version in ("v22.19.0", "v24.1.0")
    )
    assert one["npm"] != two["npm"]
    assert one["python"] == two["python"]

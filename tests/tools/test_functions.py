"""What `make test` fetches for the tests of functions, and what it says when it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import functions
from tools.bootstrap import BootstrapError
from tools.functions import Part


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Whether a registry answers is asked once in a process."""
    functions.node_can_be_had.cache_clear()
    functions.package_can_be_had.cache_clear()
    yield
    functions.node_can_be_had.cache_clear()
    functions.package_can_be_had.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A .cache/node that has the package in the version of the lock."""
    monkeypatch.setattr(functions, "WHEEL", tmp_path)
    monkeypatch.setattr("sandbox.functions.node._CACHE", tmp_path)
    monkeypatch.delenv("SANDBOX_NODE_MODULES", raising=False)
    (tmp_path / "node_modules" / functions.PACKAGE).mkdir(parents=True)
    (tmp_path / "package-lock.json").write_bytes((functions.LOCKED / "package-lock.json").read_bytes())
    return tmp_path


def set_up(monkeypatch: pytest.MonkeyPatch, part: Part, folder: Path) -> None:
    monkeypatch.setattr(functions, "PARTS", (part,))
    monkeypatch.setattr(functions, "CACHE", folder)
    functions.set_up()


def test_package_of_the_lock_counts_as_installed(folder: Path) -> None:
    assert functions.package_is_there()


def test_package_of_another_lock_is_installed_anew(folder: Path) -> None:
    (folder / "package-lock.json").write_text("{}")
    assert not functions.package_is_there()


def test_package_in_a_folder_that_was_named_is_left_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "package-lock.json").unlink()
    assert not functions.package_is_there()
    monkeypatch.setenv("SANDBOX_NODE_MODULES", str(folder / "node_modules"))
    assert functions.package_is_there()


@pytest.mark.parametrize("index", ["https://127.0.0.1:9/simple", "http://pypi.example/simple"])
def test_index_that_gives_no_answer_or_is_not_asked_has_nothing(
    monkeypatch: pytest.MonkeyPatch, index: str
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index)
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", index)
    assert (functions.node_can_be_had(), functions.package_can_be_had()) == (False, False)


def test_what_is_there_is_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched: list[str] = []
    part = Part("Thing", lambda: True, lambda: True, lambda: fetched.append("Thing"))
    set_up(monkeypatch, part, tmp_path)
    assert (fetched, capsys.readouterr().err) == ([], "")


def test_what_cannot_be_had_is_named_and_its_tests_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched: list[str] = []
    part = Part("Thing", lambda: False, lambda: False, lambda: fetched.append("Thing"))
    set_up(monkeypatch, part, tmp_path)
    said = "Thing is not here and no registry answers: its tests will be skipped.\n"
    assert (fetched, capsys.readouterr().err) == ([], said)


def test_installing_that_stops_is_told_and_the_tests_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> None:
        raise BootstrapError("npm ci stopped.")

    set_up(monkeypatch, Part("Thing", lambda: False, lambda: True, stop), tmp_path)
    assert capsys.readouterr().err == "Thing could not be installed: npm ci stopped.\n"

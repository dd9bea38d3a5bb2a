"""`make test`: what runs in which order, and what its exit code says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from tools import functions, machine, test
from tools.layout import ROOT

Ran = list[tuple[tuple[str, ...], dict[str, str]]]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    """The calls of pytest, none of which happens; nothing is installed."""
    monkeypatch.setattr(test, "install_chromium", lambda: None)
    monkeypatch.setattr(functions, "set_up", lambda: None)
    monkeypatch.setattr("sys.argv", ["test"])
    return []


def answering(ran: Ran, *codes: int) -> Callable[..., int]:
    left = list(codes)

    def pytest_(*arguments: str, **environment: str) -> int:
        ran.append((arguments, environment))
        return left.pop(0)

    return pytest_


def postgres(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(machine, "POSTGRES", machine.Resource("no PostgreSQL", lambda: there))


@pytest.mark.parametrize(
    ("codes", "code"), [((0, 0), 0), ((5, 0), 0), ((1, 0), 1), ((0, 2), 2), ((1, 2), 2), ((2, 0), 2)]
)
def test_a_failure_of_either_run_is_the_failure_of_both(
    monkeypatch: pytest.MonkeyPatch, ran: Ran, codes: tuple[int, int], code: int
) -> None:
    postgres(monkeypatch, there=True)
    monkeypatch.setattr(test, "pytest", answering(ran, *codes))
    assert test.main() == code
    told = [environment.get(test.FAILED_BEFORE) is not None for _arguments, environment in ran]
    assert told == [False, codes[0] not in {0, 5}]


def test_the_last_run_leaves_no_test_out(monkeypatch: pytest.MonkeyPatch, ran: Ran) -> None:
    postgres(monkeypatch, there=False)
    monkeypatch.setattr(test, "pytest", answering(ran, 0))
    assert test.main() == 0
    assert [("-m" in arguments, "-k" in arguments) for arguments, _environment in ran] == [(False, False)]


def test_arguments_choose_the_tests_of_one_run(monkeypatch: pytest.MonkeyPatch, ran: Ran) -> None:
    monkeypatch.setattr("sys.argv", ["test", "tests/wallets"])
    monkeypatch.setattr(test, "pytest", answering(ran, 1))
    assert (test.main(), ran[0][0][-1], len(ran)) == (1, "tests/wallets", 1)


def test_make_rooms_leaves_the_plugins_of_the_tests_for_pytest_to_import() -> None:
    code = "import sys, tools.rooms; print([name for name in sys.modules if name.startswith('tests')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

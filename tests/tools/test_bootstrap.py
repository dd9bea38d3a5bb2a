"""Setting up from nothing but the standard library."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import bootstrap


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own for bootstrap: nothing here is downloaded or installed."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "uv.lock").write_text("lock 1")
    (tmp_path / "tools" / "bootstrap.py").write_text("")
    for name, path in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "STAMP": tmp_path / ".venv" / "stamp",
        "CACHE": tmp_path / ".cache",
    }.items():
        monkeypatch.setattr(bootstrap, name, path)
    return tmp_path


@pytest.fixture
def installs(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What `install` was asked for, instead of doing it."""
    asked: list[bool] = []

    def install(*, dev: bool) -> None:
        asked.append(dev)
        (scratch / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        (scratch / ".venv" / "bin" / "python").touch()

    monkeypatch.setattr(bootstrap, "install", install)
    return asked


def wheel_with(program: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"uv-{bootstrap.UV_VERSION}.data/scripts/uv", program)
    return buffer.getvalue()


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(bootstrap.__file__).read_text())
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {
        str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }
    assert imported - set(sys.stdlib_module_names) == set()


def test_it_parses_on_interpreters_that_are_too_old() -> None:
    ast.parse(Path(bootstrap.__file__).read_text(), feature_version=(3, 7))


def test_a_second_run_installs_nothing(installs: list[bool]) -> None:
    bootstrap.bootstrap(dev=False)
    bootstrap.bootstrap(dev=False)
    assert installs == [False]


def test_a_changed_lock_file_installs_again_and_keeps_the_development_packages(
    scratch: Path, installs: list[bool]
) -> None:
    bootstrap.bootstrap(dev=True)
    (scratch / "uv.lock").write_text("lock 2")
    bootstrap.bootstrap(dev=False)
    assert installs == [True, True]


def test_the_development_packages_are_added_when_they_are_asked_for(installs: list[bool]) -> None:
    bootstrap.bootstrap(dev=False)
    bootstrap.bootstrap(dev=True)
    bootstrap.bootstrap(dev=False)
    assert installs == [False, True]


def test_a_removed_interpreter_makes_the_environment_new(scratch: Path, installs: list[bool]) -> None:
    bootstrap.bootstrap(dev=False)
    (scratch / ".venv" / "bin" / "python").unlink()
    bootstrap.bootstrap(dev=False)
    assert installs == [False, False]


def test_an_interpreter_that_cannot_run_is_passed_over(tmp_path: Path) -> None:
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert bootstrap.probe(str(shim)) is None
    assert bootstrap.probe(sys.executable) == sys.executable


def test_without_a_new_enough_python_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST", (9, 0))
    with pytest.raises(bootstrap.BootstrapError, match=r"needs Python 9\.0 or newer"):
        bootstrap.find_interpreter()


def test_a_wheel_with_another_digest_is_refused(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "wheel_url", lambda filename: f"https://index.example/{filename}")
    monkeypatch.setattr(bootstrap, "fetch", lambda url: wheel_with(b"something else"))
    with pytest.raises(bootstrap.BootstrapError, match="nothing was installed"):
        bootstrap.fetch_uv()
    assert not (scratch / ".cache" / f"uv-{bootstrap.UV_VERSION}").exists()


def test_the_pinned_wheel_is_unpacked_once(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = wheel_with(b"#!/bin/sh\necho uv\n")
    fetched: list[str] = []

    def fetch(url: str) -> bytes:
        fetched.append(url)
        return wheel

    monkeypatch.setattr(bootstrap, "wheel_url", lambda filename: f"https://index.example/{filename}")
    monkeypatch.setattr(bootstrap, "fetch", fetch)
    pins = {
        machine: (name, hashlib.sha256(wheel).hexdigest())
        for machine, (name, _) in bootstrap.UV_WHEELS.items()
    }
    monkeypatch.setattr(bootstrap, "UV_WHEELS", pins)

    program = bootstrap.fetch_uv()

    assert bootstrap.fetch_uv() == program
    assert len(fetched) == 1
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "uv\n"


@pytest.mark.parametrize("link", ["../files/{}#sha256=0", "https://files.example/files/{}"])
def test_a_relative_or_absolute_link_of_the_index_is_followed(
    monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    page = f'<a href="{link.format("uv-1.whl")}">uv-1.whl</a>'.encode()
    monkeypatch.setenv("PIP_INDEX_URL", "https://files.example/simple/")
    monkeypatch.setattr(bootstrap, "fetch", lambda url: page)
    assert bootstrap.wheel_url("uv-1.whl") in (
        "https://files.example/simple/files/uv-1.whl",
        "https://files.example/files/uv-1.whl",
    )


def test_an_index_without_tls_is_refused() -> None:
    with pytest.raises(bootstrap.BootstrapError, match="https://"):
        bootstrap.fetch("http://index.example/simple/uv/")


def test_the_stamp_says_what_is_installed(scratch: Path, installs: list[bool]) -> None:
    bootstrap.bootstrap(dev=True)
    assert json.loads((scratch / ".venv" / "stamp").read_text()) == {
        "digest": bootstrap.lock_digest(),
        "dev": True,
    }

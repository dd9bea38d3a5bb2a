"""What the demo says when it cannot start, and what it refuses to forget."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tools import demo
from tools.ports import free_ports, is_free
from tools.stack import Stack, StackError


def test_a_port_must_be_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANEL_PORT", "eight")
    with pytest.raises(demo.DemoError, match="PANEL_PORT must be a port number"):
        demo.port("PANEL_PORT", 8000)


def test_a_taken_port_names_its_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {taken} is taken by another program: set SANDBOX_PORT"):
            Stack.start(tmp_path, sandbox_port=taken)
    assert list(tmp_path.iterdir()) == []


def test_free_ports_differ_and_are_free() -> None:
    ports = free_ports(3)
    assert (len(set(ports)), [is_free(port) for port in ports]) == (3, [True, True, True])


def test_reset_removes_the_demos_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    (data / "keys").mkdir(parents=True)
    (data / "keys" / "secret-key").touch()
    demo.reset(data)
    assert not data.exists()
    assert capsys.readouterr().out.startswith(f"Removed {data}")


def test_reset_leaves_a_folder_alone_that_is_not_the_demos(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    with pytest.raises(demo.DemoError, match="nothing was removed"):
        demo.reset(tmp_path)
    assert (tmp_path / "letters.txt").exists()


def test_reset_refuses_while_the_demo_runs(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "secret-key").touch()
    with demo.sole_user(tmp_path), pytest.raises(demo.DemoError, match="is running"):
        demo.reset(tmp_path)
    assert (tmp_path / "keys" / "secret-key").exists()


def test_the_callers_keysets_stay_out_of_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANEL_VAULT_PRIVATE_KEYSET_FILE", "/somewhere")
    monkeypatch.setenv("PANEL_UPLOAD_MAX_MB", "3")
    settings = demo.own_settings()
    assert ("PANEL_VAULT_PRIVATE_KEYSET_FILE" in settings, settings["PANEL_UPLOAD_MAX_MB"]) == (False, "3")

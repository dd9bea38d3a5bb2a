"""Which process knows what."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tools.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data", 8001, 8403, {"PANEL_LOG_LEVEL": "DEBUG"})


def names(layout: Layout, process: str) -> set[str]:
    return {name for name in layout.environment(process) if name.startswith("PANEL_")}


def test_only_the_worker_is_told_where_the_private_keys_are(layout: Layout) -> None:
    private = {
        "PANEL_VAULT_PRIVATE_KEYSET_FILE",
        "PANEL_POLICY_MAC_KEYSET_FILE",
        "PANEL_AUDIT_SIGNING_KEYSET_FILE",
    }
    assert {
        process: names(layout, process) & private for process in ("sandbox", "web", "worker", "prepare")
    } == {
        "sandbox": set(),
        "web": set(),
        "worker": private,
        "prepare": set(),
    }


def test_web_and_worker_share_the_keyset_for_results(layout: Layout) -> None:
    processes = ("sandbox", "web", "worker", "prepare")
    held = {process for process in processes if "PANEL_RESULTS_KEYSET_FILE" in names(layout, process)}
    assert held == {"web", "worker"}


def test_private_keys_of_the_callers_environment_do_not_reach_web(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANEL_VAULT_PRIVATE_KEYSET", "{}")
    assert "PANEL_VAULT_PRIVATE_KEYSET" not in layout.environment("web")


def test_only_the_worker_knows_the_mail_server_and_its_password(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data", 8001, 8403, {"PANEL_SMTP_URL": "smtp://me:secret@mail.example"})
    told = [process for process in ("web", "worker", "prepare") if "PANEL_SMTP_URL" in names(layout, process)]
    assert told == ["worker"]


def test_the_sandbox_is_told_nothing_of_the_panel(layout: Layout) -> None:
    assert names(layout, "sandbox") == {"PANEL_ENV"}


def test_web_gets_the_callers_settings_and_the_sandbox_as_a_gateway(layout: Layout) -> None:
    environment = layout.environment("web")
    assert environment["PANEL_LOG_LEVEL"] == "DEBUG"
    assert environment["PANEL_URL"] == "http://localhost:8001"
    assert json.loads(environment["PANEL_GATEWAYS"]) == [
        {
            "slug": "sandbox",
            "name": "Sandbox",
            "kind": "sandbox",
            "url": "http://sandbox.localhost:8403",
            "rpc": ["http://sandbox.localhost:8403/rpc"],
        }
    ]


def test_the_data_folder_is_readable_by_its_owner_only(layout: Layout) -> None:
    layout.make_folders()
    secret = layout.keys / "secret-key"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (layout.data, layout.keys, secret)] == [
        0o700,
        0o700,
        0o600,
    ]


def test_a_second_start_keeps_the_secret_key(layout: Layout) -> None:
    layout.make_folders()
    first = (layout.keys / "secret-key").read_text()
    layout.make_folders()
    assert (layout.keys / "secret-key").read_text() == first

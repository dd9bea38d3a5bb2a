"""compose.yaml: who holds what, and who reaches what."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tools.image import context_files, instructions
from tools.layout import ROOT

PRIVATE = {"vault-private.json", "policy-mac.json", "audit-signing.json"}


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_only_the_worker_holds_private_keysets(compose: Any) -> None:
    holders = {
        name: PRIVATE & set(service.get("secrets", [])) for name, service in compose["services"].items()
    }
    assert {name: held for name, held in holders.items() if held} == {"worker": PRIVATE}


def test_only_proxy_and_worker_have_a_way_out(compose: Any) -> None:
    inside = {name for name, network in compose["networks"].items() if (network or {}).get("internal")}
    outward = {
        name for name, service in compose["services"].items() if set(service.get("networks", [])) - inside
    }
    assert outward == {"proxy", "worker"}


def test_every_variable_is_one_of_the_panels_and_every_secret_is_a_file(compose: Any) -> None:
    known = set(re.findall(r"PANEL_[A-Z_]+", (ROOT / "run402_panel" / "settings.py").read_text()))
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if variable.startswith("PANEL_"):
                assert variable.removesuffix("_FILE") in known, (name, variable)
            if variable.endswith("_FILE"):
                secret = str(value).removeprefix("/run/secrets/")
                assert secret in service["secrets"], (name, variable)
                assert secret in compose["secrets"], (name, variable)


def test_the_panels_containers_may_write_nothing_and_hold_no_rights(compose: Any) -> None:
    for name in ("web", "worker", "prepare"):
        service = compose["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name


def test_the_image_gets_every_room_and_nothing_else() -> None:
    folders = {name.split("/")[0] for name in context_files() if "/" in name}
    rooms = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert rooms | {"run402", "run402_panel", "static", "templates", "tools"} == folders
    assert [name for name in context_files() if name.startswith("tools/")] == ["tools/container"]


def test_continued_lines_and_comments_of_a_dockerfile_are_read() -> None:
    text = "# one\nFROM base AS build\nRUN a \\\n    && b\n\nENV A=1 \\\n    B=2\n"
    assert instructions(text) == [("FROM", "base AS build"), ("RUN", "a     && b"), ("ENV", "A=1     B=2")]

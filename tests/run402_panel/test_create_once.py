"""The broker's queue tables exist, with content, before any process reads them."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings

from run402_panel.env import create_once


def test_a_file_appears_with_its_content(tmp_path: Path) -> None:
    create_once(tmp_path / "table", "[]")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"table": "[]"}


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "table").write_text("[1]")
    create_once(tmp_path / "table", "[]")
    assert (tmp_path / "table").read_text() == "[1]"


def test_every_queue_has_a_table_that_can_be_read() -> None:
    control = settings.BROKER_DIR / "control"
    tables = [
        json.loads((control / f"{queue}.exchange").read_text())
        for queue in ("interactive", "deploys", "sync")
    ]
    assert [type(table) for table in tables] == [list, list, list]

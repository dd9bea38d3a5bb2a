"""The filesystem broker: a message is there whole, or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from kombu.transport import TRANSPORT_ALIASES


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    options = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path), "store_processed": False}
    return Connection("filesystem://", transport_options=options)


def test_the_application_uses_it() -> None:
    assert TRANSPORT_ALIASES["filesystem"] == "run402_panel.broker:Transport"


def test_what_is_put_is_got(connection: Connection) -> None:
    with connection, connection.SimpleQueue("interactive") as queue:
        queue.put({"queue": "interactive"})
        message = queue.get(timeout=5)
        message.ack()
    assert message.payload == {"queue": "interactive"}


def test_a_message_half_written_has_no_name_that_a_reader_looks_for(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    replace = os.replace

    def look(draft: Path, message: Path) -> None:
        assert json.loads(draft.read_text())
        seen.append([path.name for path in tmp_path.glob("*.msg")])
        replace(draft, message)

    monkeypatch.setattr(os, "replace", look)
    _put(connection)
    assert seen == [[]]
    assert [path.suffix for path in tmp_path.iterdir()] == [".msg"]


def _put(connection: Connection) -> None:
    with connection:
        channel: Any = connection.channel()
        channel._put("interactive", {"body": "x"})

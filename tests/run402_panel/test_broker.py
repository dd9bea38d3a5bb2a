"""The filesystem broker: a message is there whole, or not at all."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection
from kombu.transport import TRANSPORT_ALIASES


@pytest.fixture
def options(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Folders of the test's own; Kombu puts its tables beside the checkout otherwise."""
    folder, control = str(tmp_path), str(tmp_path_factory.mktemp("control"))
    return {"data_folder_in": folder, "data_folder_out": folder, "control_folder": control}


@pytest.fixture
def connection(options: dict[str, Any]) -> Connection:
    return Connection("filesystem://", transport_options=options)


@pytest.fixture
def name() -> str:
    """A queue that nobody else in this process has bound: Kombu keeps one table of bindings for all folders."""
    return f"queue-{uuid.uuid4()}"


def test_the_application_uses_it() -> None:
    assert TRANSPORT_ALIASES["filesystem"] == "run402_panel.broker:Transport"


def test_what_is_put_is_got(connection: Connection, name: str) -> None:
    with connection, connection.SimpleQueue(name) as queue:
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


def test_without_a_message_the_wait_ends_in_time(options: dict[str, Any], name: str) -> None:
    slow = Connection("filesystem://", transport_options={**options, "polling_interval": 30})
    with slow as connection, connection.SimpleQueue(name) as queue:
        began = time.monotonic()
        with pytest.raises(Empty):
            queue.get(timeout=0.1)
        assert 0.1 <= time.monotonic() - began < 15


def test_a_message_that_comes_during_a_rest_ends_it(options: dict[str, Any], name: str) -> None:
    slow = {**options, "polling_interval": 30}

    def send() -> None:
        with Connection("filesystem://", transport_options=slow) as other:
            other.SimpleQueue(name).put("hello")

    with (
        Connection("filesystem://", transport_options=slow) as link,
        link.SimpleQueue(name) as queue,
    ):
        sender = threading.Timer(0.2, send)
        sender.start()
        began = time.monotonic()
        assert queue.get(timeout=20).payload == "hello"
        assert time.monotonic() - began < 15
        sender.join()

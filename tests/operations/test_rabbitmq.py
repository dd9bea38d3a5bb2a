"""The engine on RabbitMQ: one smoke test of what the other brokers are tested for at length (docs/operations.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Queue
from kombu.exceptions import ChannelError

from operations import wake
from operations.models import Operation, State
from operations.registry import INTERACTIVE
from run402_panel.celery import app
from tests import needs
from tests.operations import doubles, processes
from tests.operations.conftest import Submit
from tools import machine

pytestmark = [needs.rabbitmq, pytest.mark.django_db(transaction=True), pytest.mark.slow]

ON_RABBITMQ = {"PANEL_BROKER_URL": machine.RABBITMQ_URL}


@pytest.fixture(autouse=True)
def _same_broker() -> Iterator[None]:
    """Let this process send its wake-ups to RabbitMQ; nothing lies there before and after."""
    url, options = app.conf.broker_url, app.conf.broker_transport_options
    app.conf["broker_url"], app.conf["broker_transport_options"] = machine.RABBITMQ_URL, {}
    empty()
    yield
    empty()
    app.conf["broker_url"], app.conf["broker_transport_options"] = url, options


def waiting() -> int:
    """Return how many wake-ups lie in the queue."""
    with Connection(machine.RABBITMQ_URL) as connection:
        try:
            declared: Any = Queue(INTERACTIVE, channel=connection.default_channel).queue_declare(passive=True)
            return int(declared.message_count)
        except ChannelError:
            return 0  # nobody declared it yet


def empty() -> None:
    with Connection(machine.RABBITMQ_URL) as connection:
        Queue(INTERACTIVE, channel=connection.default_channel).delete()


def ended() -> bool:
    return not Operation.objects.exclude(state=State.SUCCEEDED).exists()


def test_wake_ups_are_bounded_taken_and_not_missed(submit: Submit, journal: Path, data: Path) -> None:
    args = {"journal": str(journal), "steps": 1}
    for _ in range(wake.ENOUGH + 10):
        submit("test.steps", args=args)
    assert waiting() == wake.ENOUGH  # more would tell a woken worker nothing new

    with processes.worker(data, settings=ON_RABBITMQ):
        processes.eventually(ended, "a woken worker has ended all of them")
        submit("test.steps", args=args)
        processes.eventually(ended, "one wake-up is enough for one more")
    assert len(doubles.effects(journal)) == wake.ENOUGH + 11

    submit("test.steps", args=args)
    empty()
    beat = ("--beat", "--schedule", str(data / "beat"))
    with processes.worker(data, *beat, settings=ON_RABBITMQ):
        processes.eventually(ended, "a sweep has found what no wake-up told of")

"""Wake-ups: sent on commit, small, and never in the way."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.db import transaction

from operations import runner, tasks, wake
from operations.models import Operation, State
from run402_panel.celery import app
from tests import needs
from tests.factories import OperationFactory
from tests.operations import processes
from tests.operations.conftest import MakeKind, Submit
from tools import machine

pytestmark = pytest.mark.django_db(transaction=True)

QUICKLY = 1.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own as the broker; yields where messages lie."""
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    old = app.conf.broker_transport_options
    folder = str(tmp_path / "queue")
    own = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": str(tmp_path / "control")}
    app.conf.broker_transport_options = own
    yield tmp_path / "queue"
    app.conf.broker_transport_options = old


@pytest.fixture
def broker_at() -> Iterator[None]:
    """Let a test point to another broker, and put it back."""
    old = app.conf.broker_url
    yield
    app.conf["broker_url"] = old


def _nothing(work: object) -> None:
    return None


def _messages(broker: Path) -> list[str]:
    return sorted(path.read_text() for path in broker.iterdir())


def test_the_app_is_the_same_in_every_thread() -> None:
    assert current_app.main == "run402_panel"


def test_a_wake_up_names_a_queue_and_nothing_else(make_kind: MakeKind, submit: Submit, broker: Path) -> None:
    submit(make_kind(_nothing), title="Secret title", args={"secret": "0xabc"})
    [message] = _messages(broker)
    arguments, keywords, _ = json.loads(b64decode(json.loads(message)["body"]))
    assert (arguments, keywords) == (["interactive"], {})
    assert "ecret" not in message


def test_nobody_is_woken_for_what_was_rolled_back(make_kind: MakeKind, submit: Submit, broker: Path) -> None:
    kind = make_kind(_nothing)
    with transaction.atomic():
        submit(kind)
        transaction.set_rollback(True)
    assert _messages(broker) == []
    assert Operation.objects.count() == 0


def test_a_crowd_is_not_woken_again(make_kind: MakeKind, submit: Submit, broker: Path) -> None:
    kind = make_kind(_nothing)
    for _ in range(wake.ENOUGH + 10):
        submit(kind)
    assert len(_messages(broker)) == wake.ENOUGH


def test_rows_that_wait_behind_others_keep_nobody_from_being_woken(
    make_kind: MakeKind, submit: Submit, broker: Path
) -> None:
    kind = make_kind(_nothing)
    for _ in range(wake.LOOK + 1):
        OperationFactory.create(lane="project/1")
    submit(kind)
    assert len(_messages(broker)) == 1


def test_a_woken_worker_wakes_the_next_one_while_there_is_more(
    make_kind: MakeKind, submit: Submit, broker: Path
) -> None:
    kind = make_kind(_nothing)
    for _ in range(3):
        submit(kind)
    before = len(_messages(broker))
    assert runner.run_due("interactive") == 3
    assert len(_messages(broker)) == before + 1
    submit(kind)
    assert runner.run_due("interactive") == 1
    assert len(_messages(broker)) == before + 2


def test_a_short_pause_ends_with_a_wake_up_of_its_own(broker: Path) -> None:
    wake.send_later("deploys", 0.05)
    wake.send_later("deploys", 3600)
    assert _messages(broker) == []
    processes.eventually(lambda: _messages(broker), "a wake-up")
    assert len(_messages(broker)) == 1


def _quickest(submit: Submit, kind: str) -> float:
    """Return the seconds that the quickest of three takes: a busy machine makes some slow, but a wait all of them."""
    taken = []
    for _try in range(3):
        Operation.objects.all().delete()  # while enough are in line, nobody is woken for one more
        began = time.monotonic()
        submit(kind)
        taken.append(time.monotonic() - began)
    return min(taken)


def test_a_broken_folder_does_not_keep_anybody_from_asking(
    make_kind: MakeKind, submit: Submit, broker: Path
) -> None:
    broker.rmdir()
    assert _quickest(submit, make_kind(_nothing)) < QUICKLY
    assert set(Operation.objects.values_list("state", flat=True)) == {State.QUEUED}


def test_a_broker_that_is_down_does_not_keep_anybody_from_asking(
    make_kind: MakeKind, submit: Submit, broker_at: None
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        app.conf["broker_url"] = f"redis://127.0.0.1:{free.getsockname()[1]}/0"
    assert _quickest(submit, make_kind(_nothing)) < QUICKLY


def test_a_broker_that_says_nothing_does_not_keep_anybody_from_asking(
    make_kind: MakeKind, submit: Submit, broker_at: None
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        app.conf["broker_url"] = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        assert _quickest(submit, make_kind(_nothing)) < QUICKLY


def test_a_lost_wake_up_costs_a_sweep(make_kind: MakeKind, submit: Submit, broker: Path) -> None:
    operation = submit(make_kind(_nothing))
    for message in broker.iterdir():
        message.unlink()
    assert tasks.sweep("interactive") == 1
    operation.refresh_from_db()
    assert operation.state == State.SUCCEEDED


def test_a_wake_up_too_many_does_nothing(broker: Path) -> None:
    OperationFactory.create(queue="deploys")
    assert tasks.run("interactive") == 0


def test_the_end_of_a_lane_wakes_the_next(make_kind: MakeKind, submit: Submit, broker: Path) -> None:
    submit(make_kind(_nothing), lane="project/1")
    claimed = runner.claim("interactive")
    assert claimed is not None
    for message in broker.iterdir():
        message.unlink()
    runner.run(claimed)
    assert len(_messages(broker)) == 1


@pytest.fixture
def on_redis() -> Iterator[redis.Redis]:
    """Point to Redis, with nothing in its queue before and after."""
    url, options = app.conf.broker_url, app.conf.broker_transport_options
    app.conf["broker_url"], app.conf["broker_transport_options"] = machine.REDIS_URL, {}
    with contextlib.closing(redis.Redis.from_url(machine.REDIS_URL)) as client:
        client.delete("interactive")
        yield client
        client.delete("interactive")
    app.conf["broker_url"], app.conf["broker_transport_options"] = url, options


def _senders(client: redis.Redis) -> set[str]:
    """The connections to that database, but for the test's own."""
    database = str(client.connection_pool.connection_kwargs["db"])
    mine = str(client.client_id())
    return {one["id"] for one in client.client_list() if one["db"] == database and one["id"] != mine}


@needs.redis
def test_wake_ups_share_a_connection_and_one_that_ended_is_made_anew(on_redis: redis.Redis) -> None:
    wake.post("operations.run", "interactive", "interactive")
    first = _senders(on_redis)
    wake.post("operations.run", "interactive", "interactive")
    assert (_senders(on_redis), on_redis.llen("interactive")) == (first, 2)
    for one in first:
        on_redis.client_kill_filter(_id=one)
    wake.post("operations.run", "interactive", "interactive")
    assert (first & _senders(on_redis), on_redis.llen("interactive")) == (set(), 3)

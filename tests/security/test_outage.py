"""While Run402 is down or slow every page of the URLconf answers, asks nobody, and says what is wrong."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operations.models import Operation
from teams import confirmations
from tests.security.matrix.addresses import ADDRESSES, Address
from tests.security.matrix.world import World
from wallets import standing
from wallets.models import Gateway

pytestmark = pytest.mark.django_db

PAGES = sorted(name for name in ADDRESSES if not name.startswith(("account_", "mfa_")))
SILENT = "does not answer since"
FRAME = 'class="topbar"'


@pytest.fixture(autouse=True)
def _confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages behind the question who sits there are walked too."""
    monkeypatch.setattr(confirmations, "holds", lambda request, key: True)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Web may connect to nothing but what the operator runs, which is by socket file or the database's own library."""
    found: list[object] = []

    def connect(self: socket.socket, address: Any) -> None:
        found.append(address)
        raise AssertionError(f"web connects to {address!r}")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return found


@pytest.fixture
def listening() -> Iterator[Callable[[], tuple[str, list[object]]]]:
    """A gateway that takes connections and answers after ten seconds; it counts who came."""
    came: list[object] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            try:
                connection, who = server.accept()
            except TimeoutError:
                continue
            came.append(who)
            threading.Timer(10, connection.close).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield lambda: (f"http://127.0.0.1:{server.getsockname()[1]}", came)
    over.set()
    thread.join()
    server.close()


def _down(gateway: Gateway) -> None:
    for _ in range(standing.FAILURES):
        standing.note(gateway, "/tiers/v1", None)


def _get(world: World, address: Address) -> tuple[int, str]:
    response = world.browser("owner").get(address.url(world.near))
    return response.status_code, response.content.decode(errors="replace") if not response.streaming else ""


@pytest.mark.parametrize("name", PAGES)
def test_every_page_answers_and_asks_nobody_while_the_gateway_is_down(
    world: World, name: str, asked: list[object]
) -> None:
    address = ADDRESSES[name]
    before, _text = _get(world, address)
    for gateway in Gateway.objects.all():
        _down(gateway)
    now, text = _get(world, address)
    assert now == before
    assert asked == []
    if FRAME in text:
        assert SILENT in text
        assert "What you start is kept and goes on by itself." in text


@pytest.mark.parametrize("name", PAGES)
def test_no_page_waits_for_a_gateway_that_answers_after_ten_seconds(
    world: World, name: str, listening: Callable[[], tuple[str, list[object]]], asked: list[object]
) -> None:
    url, came = listening()
    Gateway.objects.update(url=url, rpc_urls=[f"{url}/rpc"])
    for gateway in Gateway.objects.all():
        standing.note(gateway, "/tiers/v1", 200, milliseconds=10_040)
    began = time.monotonic()
    _status, text = _get(world, ADDRESSES[name])
    assert time.monotonic() - began < 9
    assert (came, asked) == ([], [])
    if FRAME in text:
        assert "answers slowly: its last answer took 10 s." in text


def test_stale_pages_queue_nothing_that_would_only_be_skipped(world: World) -> None:
    for gateway in Gateway.objects.all():
        _down(gateway)
    before = Operation.objects.count()
    for name in ("home:home", "home:balances", "projects:detail", "billing:wallet", "billing:tiers"):
        _get(world, ADDRESSES[name])
    assert Operation.objects.count() == before


def test_the_frame_is_known_when_it_is_seen(world: World) -> None:
    """Else no page would be asked for its banner."""
    framed = [name for name in PAGES if FRAME in _get(world, ADDRESSES[name])[1]]
    assert len(framed) > 25

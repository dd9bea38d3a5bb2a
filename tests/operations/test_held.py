"""While a gateway does not answer, what people asked for waits and says why; what nobody waits for is skipped."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from operations import live, queue, runner
from operations.models import Operation, State
from operations.registry import INTERACTIVE, SYNC
from operations.work import Work
from teams.models import User
from tests.operations.conftest import MakeKind, Submit
from tests.sandboxes import Sandbox, turn
from wallets import standing
from wallets.models import Gateway, GatewayStanding

pytestmark = pytest.mark.django_db


def _tiers(work: Work) -> dict[str, int]:
    with work.client(sign=False) as client:
        return {"tiers": len(client.tiers.quote().tiers)}


@pytest.fixture
def open_(gateway: Gateway) -> Gateway:
    for _ in range(5):
        standing.note(gateway, "/tiers/v1", None)
    return gateway


def _again(operation: Operation) -> Operation:
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run_due(operation.queue)
    operation.refresh_from_db()
    return operation


def test_it_waits_in_line_unbegun_with_a_sentence_that_is_said_once(
    open_: Gateway, make_kind: MakeKind, submit: Submit
) -> None:
    operation = submit(make_kind(_tiers))
    for _ in range(3):
        _again(operation)
    assert (operation.state, operation.attempts, operation.has_started) == (State.QUEUED, 0, False)
    assert operation.not_before > timezone.now()
    said = operation.events.get()
    assert (said.type, "does not answer since" in said.message) == ("held", True)
    assert live.live(operation, "strip").sentence.endswith(f" s. {said.message}")


def test_it_can_be_cancelled_at_once(
    open_: Gateway, alice: User, make_kind: MakeKind, submit: Submit
) -> None:
    operation = _again(submit(make_kind(_tiers)))
    assert queue.cancel(operation, actor=alice) == State.CANCELLED


def test_what_has_begun_is_still_said_to_run(open_: Gateway, make_kind: MakeKind, submit: Submit) -> None:
    def begun(work: Work) -> dict[str, int]:
        work.checkpoint(step=1)
        return _tiers(work)

    assert _again(submit(make_kind(begun))).has_started


def test_what_needs_no_gateway_goes_on(open_: Gateway, make_kind: MakeKind, submit: Submit) -> None:
    assert _again(submit(make_kind(lambda work: {}))).state == State.SUCCEEDED


def test_nobody_waits_for_the_background_so_it_is_skipped(
    open_: Gateway, make_kind: MakeKind, submit: Submit
) -> None:
    name = make_kind(_tiers, queue=SYNC, mutates=False)
    background, asked = submit(name, actor=None), submit(name)
    runner.run_due(SYNC)
    background.refresh_from_db()
    asked.refresh_from_db()
    assert (background.state, asked.state) == (State.CANCELLED, State.QUEUED)
    assert background.events.get().message.startswith("Skipped: ")


def test_a_real_gateway_that_breaks_and_comes_back(
    sandbox: Sandbox, make_kind: MakeKind, submit: Submit
) -> None:
    gateway = sandbox.gateway
    turn(sandbox, {"do": "status", "path": "/tiers/v1", "method": "GET", "times": 100, "status": 503})
    try:
        operation = submit(make_kind(_tiers, mutates=False), gateway=gateway)
        other = submit(make_kind(_tiers, mutates=False), gateway=gateway)
        for _ in range(3):
            _again(operation)
            _again(other)
        assert GatewayStanding.objects.get().is_open
        assert {operation.state, other.state} == {State.QUEUED}
        assert other.events.latest("seq").message.startswith(f"{gateway.name} does not answer")
    finally:
        turn(sandbox, None)
    GatewayStanding.objects.update(retry_at=timezone.now())
    assert _again(operation).state == State.SUCCEEDED
    assert not GatewayStanding.objects.get().is_open
    assert _again(other).state == State.SUCCEEDED


def test_a_real_429_is_kept_by_the_next_one(sandbox: Sandbox, make_kind: MakeKind, submit: Submit) -> None:
    gateway = sandbox.gateway
    turn(sandbox, {"do": "status", "path": "/tiers/v1", "method": "GET", "status": 429, "retry_after": 30})
    first = submit(make_kind(_tiers, mutates=False), gateway=gateway)
    second = submit(make_kind(_tiers, mutates=False), gateway=gateway)
    runner.run_due(INTERACTIVE)
    soonest = timezone.now() + timedelta(seconds=28)
    for operation in (first, second):
        operation.refresh_from_db()
        assert (operation.state, operation.not_before > soonest) == (State.QUEUED, True)
    assert "asks for fewer requests" in second.events.get().message
    assert second.requests.count() == 0


def test_requests_of_one_handler_keep_to_the_rate(
    sandbox: Sandbox, settings: Settings, make_kind: MakeKind, submit: Submit
) -> None:
    settings.GATEWAY_RATES = {"": 20.0}

    def many(work: Work) -> dict[str, int]:
        with work.client(sign=False) as client:
            for _ in range(30):
                client.tiers.quote()
        return {}

    began = time.monotonic()
    assert _again(submit(make_kind(many), gateway=sandbox.gateway)).state == State.SUCCEEDED
    assert time.monotonic() - began >= 0.5  # the first twenty at once, the other ten spaced

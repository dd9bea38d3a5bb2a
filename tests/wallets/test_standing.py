"""One limiter and one breaker for each gateway, in a row that all workers share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from tests.factories import WalletFactory
from wallets import standing
from wallets.models import Gateway, GatewayStanding

pytestmark = pytest.mark.django_db

PATH = "/projects/v1"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def _fail(gateway: Gateway, times: int, status: int | None = None) -> None:
    for _ in range(times):
        standing.note(gateway, PATH, status)


def _row(gateway: Gateway) -> GatewayStanding:
    return GatewayStanding.objects.get(gateway=gateway)


def test_everybody_may_ask_a_gateway_that_nobody_has_asked(gateway: Gateway) -> None:
    assert standing.of(gateway) is None
    assert standing.admit(gateway) is None
    assert standing.takes_background(gateway)


def test_five_failures_in_a_row_open_it_and_say_since_when(
    gateway: Gateway, clock: time_machine.Traveller
) -> None:
    first = timezone.now()
    _fail(gateway, 4)
    assert standing.admit(gateway) is None
    clock.shift(61)
    _fail(gateway, 1, status=503)
    hold = standing.admit(gateway)
    assert hold is not None
    assert f"does not answer since {first:%H:%M} UTC" in hold.message
    assert not standing.takes_background(gateway)


@pytest.mark.parametrize("status", [200, 402, 404, 501])
def test_any_answer_in_between_counts_as_one(gateway: Gateway, status: int) -> None:
    _fail(gateway, 4)
    standing.note(gateway, PATH, status)
    _fail(gateway, 4)
    assert not _row(gateway).is_open


def test_failures_long_ago_do_not_count(gateway: Gateway, clock: time_machine.Traveller) -> None:
    _fail(gateway, 4)
    clock.shift(121)
    _fail(gateway, 1)
    assert (_row(gateway).failures, _row(gateway).is_open) == (1, False)


def test_when_the_pause_is_over_one_worker_tries_and_the_others_go_on_waiting(
    gateway: Gateway, clock: time_machine.Traveller
) -> None:
    _fail(gateway, 5)
    clock.shift(7)
    assert standing.admit(gateway) is None
    assert standing.admit(gateway) is not None
    standing.note(gateway, PATH, 200)
    assert standing.admit(gateway) is None
    row = _row(gateway)
    assert (row.failures, row.failing_since, row.openings, row.probing_until) == (0, None, 0, None)


def test_a_try_that_fails_makes_the_pause_longer_but_never_longer_than_a_minute(
    gateway: Gateway, clock: time_machine.Traveller
) -> None:
    _fail(gateway, 5)
    pauses = []
    for _ in range(6):
        pauses.append(((_row(gateway).retry_at or timezone.now()) - timezone.now()).total_seconds())
        clock.shift(73)
        assert standing.admit(gateway) is None
        _fail(gateway, 1)
    for pause, planned in zip(pauses, (5, 10, 20, 40, 60, 60), strict=True):
        assert planned * 0.8 <= pause <= planned * 1.2


def test_what_waits_looks_again_before_a_long_pause_is_over(gateway: Gateway) -> None:
    _fail(gateway, 5)
    GatewayStanding.objects.update(retry_at=timezone.now() + timedelta(seconds=60))
    hold = standing.admit(gateway)
    assert hold is not None
    assert 30 <= hold.seconds <= 36


def test_a_worker_that_died_while_it_tried_is_followed_by_another(
    gateway: Gateway, clock: time_machine.Traveller
) -> None:
    _fail(gateway, 5)
    clock.shift(7)
    assert standing.admit(gateway) is None
    clock.shift(41)
    assert standing.admit(gateway) is None


def test_what_was_under_way_when_it_opened_makes_the_pause_no_longer(gateway: Gateway) -> None:
    _fail(gateway, 5)
    before = _row(gateway).retry_at
    _fail(gateway, 3)
    assert (_row(gateway).retry_at, _row(gateway).openings) == (before, 1)


def test_retry_after_of_a_503_is_kept(gateway: Gateway, clock: time_machine.Traveller) -> None:
    _fail(gateway, 4)
    standing.note(gateway, PATH, 503, retry_after=50)
    clock.shift(49)
    assert standing.admit(gateway) is not None
    clock.shift(2)
    assert standing.admit(gateway) is None


def test_429_holds_everybody_for_as_long_as_it_says_and_the_background_for_longer(
    gateway: Gateway, clock: time_machine.Traveller
) -> None:
    standing.note(gateway, PATH, 429, retry_after=20)
    hold = standing.admit(gateway)
    assert hold is not None
    assert "asks for fewer requests" in hold.message
    assert 20 <= hold.seconds <= 24
    clock.shift(21)
    assert standing.admit(gateway) is None
    assert not standing.takes_background(gateway)
    clock.shift(360)
    assert standing.takes_background(gateway)


def test_nobody_waits_a_day_because_a_gateway_says_so(
    gateway: Gateway, clock: time_machine.Traveller
) -> None:
    standing.note(gateway, PATH, 429, retry_after=86_400)
    clock.shift(61)
    assert standing.admit(gateway) is None
    clock.shift(3600 * 1.2)
    assert standing.takes_background(gateway)


def test_the_faucets_patience_is_not_the_gateways(gateway: Gateway) -> None:
    standing.note(gateway, "/faucet/v1", 429, retry_after=86_400)
    assert standing.admit(gateway) is None
    assert standing.takes_background(gateway)


def test_a_slow_gateway_is_asked_again_now_and_then(gateway: Gateway, clock: time_machine.Traveller) -> None:
    standing.note(gateway, PATH, 200, milliseconds=10_000)
    assert standing.suspects() == []
    clock.shift(31)
    assert standing.suspects() == [gateway]
    standing.note(gateway, PATH, 200, milliseconds=80)
    clock.shift(31)
    assert standing.suspects() == []


def test_a_gateway_in_use_is_asked_when_nobody_has_heard_of_it_for_a_while(
    gateway: Gateway, clock: time_machine.Traveller
) -> None:
    standing.note(gateway, PATH, 200)
    clock.shift(31)
    assert standing.suspects() == []
    WalletFactory.create(gateway=gateway)
    assert standing.suspects() == [gateway]
    standing.note(gateway, PATH, 200)
    assert standing.suspects() == []


def test_slow_answers_are_told_until_one_comes_soon(gateway: Gateway) -> None:
    standing.note(gateway, PATH, 200, milliseconds=10_000)
    assert (_row(gateway).is_slow, _row(gateway).slow_milliseconds) == (True, 10_000)
    standing.note(gateway, PATH, 200, milliseconds=80)
    assert not _row(gateway).is_slow


def test_a_success_that_tells_nothing_new_writes_nothing(
    gateway: Gateway, clock: time_machine.Traveller
) -> None:
    standing.note(gateway, PATH, 200)
    first = _row(gateway).answered_at
    clock.shift(3)
    standing.note(gateway, PATH, 200)
    assert _row(gateway).answered_at == first
    clock.shift(3)
    standing.note(gateway, PATH, 200)
    assert _row(gateway).answered_at == timezone.now()


def test_a_second_holds_as_many_requests_as_the_setting_says_and_the_rest_is_spaced(
    gateway: Gateway, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.GATEWAY_RATES = {"": 0.0, gateway.slug: 10.0}
    waits = [standing.slot(gateway) for _ in range(13)]
    assert waits[:10] == [0.0] * 10
    assert waits[10:] == pytest.approx([0.1, 0.2, 0.3])
    clock.shift(60)
    assert [standing.slot(gateway) for _ in range(10)] == [0.0] * 10
    assert standing.slot(gateway) == pytest.approx(0.1)


def test_without_a_rate_nobody_waits_and_nothing_is_written(gateway: Gateway, settings: Settings) -> None:
    settings.GATEWAY_RATES = {"": 0.0}
    assert [standing.slot(gateway) for _ in range(100)] == [0.0] * 100
    assert not GatewayStanding.objects.exists()


def test_suspects_are_those_that_failed_and_may_be_asked(
    gateway: Gateway, clock: time_machine.Traveller
) -> None:
    assert standing.suspects() == []
    _fail(gateway, 1)
    assert standing.suspects() == [gateway]
    _fail(gateway, 4)
    assert standing.suspects() == []
    clock.shift(7)
    assert standing.suspects() == [gateway]
    GatewayStanding.objects.update(held_until=timezone.now() + timedelta(seconds=5))
    assert standing.suspects() == []

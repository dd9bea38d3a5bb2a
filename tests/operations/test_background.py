"""Readings that nobody asked for: planned by the beat, bounded, spread, none while a gateway is in trouble."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.record import SYSTEM
from operations import background, queue
from operations.models import Operation, State
from operations.registry import SYNC
from projects.models import Project
from projects.services import note_open
from teams.models import Team, User
from tests.factories import GatewayFactory, ProjectFactory, WalletFactory
from tests.sandboxes import Sandbox, turn
from wallets import halts, standing
from wallets.models import Gateway, GatewayStanding, Wallet

pytestmark = pytest.mark.django_db


def _ago(**time: float) -> object:
    return timezone.now() - timedelta(**time)


@pytest.fixture
def wallet(team: Team, gateway: Gateway) -> Wallet:
    made: Wallet = WalletFactory.create(
        team=team, gateway=gateway, balance_at=_ago(hours=2), outside_read_at=timezone.now()
    )
    return made


@pytest.fixture
def project(team: Team, wallet: Wallet) -> Project:
    made: Project = ProjectFactory.create(team=team, wallet=wallet, synced_at=_ago(minutes=10))
    return made


def _planned() -> list[str]:
    return sorted(Operation.objects.filter(state=State.QUEUED).values_list("kind", flat=True))


def test_balances_are_read_hourly(wallet: Wallet) -> None:
    assert background.plan() == 1
    assert _planned() == ["wallet.balance"]
    assert background.plan() == 0
    Wallet.objects.update(balance_at=_ago(minutes=50))
    Operation.objects.all().delete()
    assert background.plan() == 0


def test_projects_are_read_hourly_and_open_ones_every_five_minutes(wallet: Wallet, project: Project) -> None:
    Wallet.objects.update(balance_at=timezone.now())
    assert background.plan() == 0
    note_open(project)
    assert background.plan() == 1
    assert Operation.objects.get().subject_id == project.pk
    Operation.objects.all().delete()
    Project.objects.update(opened_at=_ago(minutes=31))
    assert background.plan() == 0
    Project.objects.update(synced_at=_ago(minutes=70))
    assert background.plan() == 1


def test_a_reading_that_fails_is_not_planned_at_every_beat(wallet: Wallet) -> None:
    background.plan()
    Operation.objects.update(state=State.FAILED)
    assert background.plan() == 0
    Operation.objects.update(created_at=_ago(minutes=67))
    assert background.plan() == 1


def test_few_are_outstanding_at_one_gateway_and_they_do_not_start_together(
    team: Team, gateway: Gateway
) -> None:
    WalletFactory.create_batch(
        30, team=team, gateway=gateway, balance_at=None, outside_read_at=timezone.now()
    )
    assert background.plan() == background.MOST
    assert background.plan() == 0
    starts = list(Operation.objects.order_by("not_before").values_list("not_before", flat=True))
    assert len({round(start.timestamp(), 2) for start in starts}) > background.MOST // 2
    assert starts[-1] <= timezone.now() + timedelta(seconds=background.EVERY_SECONDS)
    Operation.objects.filter(pk__in=list(Operation.objects.values_list("pk", flat=True)[:3])).update(
        state=State.SUCCEEDED
    )
    assert background.plan() == 3


def test_a_busy_gateway_takes_nothing_from_another(team: Team, gateway: Gateway) -> None:
    other = GatewayFactory.create(slug="other", name="Other", url="http://other.localhost:9")
    WalletFactory.create_batch(
        12, team=team, gateway=gateway, balance_at=None, outside_read_at=timezone.now()
    )
    WalletFactory.create(team=team, gateway=other, balance_at=None, outside_read_at=timezone.now())
    assert background.plan() == background.MOST + 1


def test_429_pauses_it_and_so_does_silence(wallet: Wallet, gateway: Gateway) -> None:
    standing.note(gateway, "/tiers/v1", 429)
    assert background.plan() == 0
    GatewayStanding.objects.all().delete()
    for _ in range(5):
        standing.note(gateway, "/tiers/v1", None)
    assert background.plan() == 0
    GatewayStanding.objects.all().delete()
    assert background.plan() == 1


@pytest.mark.parametrize("scope", ["everything", "team", "gateway"])
def test_nothing_is_planned_for_what_is_stopped(
    scope: str, team: Team, gateway: Gateway, wallet: Wallet, project: Project
) -> None:
    targets: dict[str, dict[str, Any]] = {
        "everything": {},
        "team": {"team": team},
        "gateway": {"gateway": gateway},
    }
    note_open(project)
    halt = halts.stop(actor=SYSTEM, why="A key leaked", **targets[scope])
    assert background.plan() == 0
    halts.lift(halt, actor=SYSTEM)
    assert background.plan() == 2


def test_the_readings_of_a_stopped_team_take_no_place_from_others(team: Team, gateway: Gateway) -> None:
    WalletFactory.create_batch(
        12, team=team, gateway=gateway, balance_at=None, outside_read_at=timezone.now()
    )
    assert background.plan() == background.MOST
    halts.stop(actor=SYSTEM, why="A key leaked", team=team)
    WalletFactory.create(gateway=gateway, balance_at=None, outside_read_at=timezone.now())
    assert background.plan() == 1


def test_a_stopped_gateway_is_not_asked_whether_it_is_back(broken: Gateway) -> None:
    standing.note(broken, "/tiers/v1", 502)
    halt = halts.stop(actor=SYSTEM, why="It lies", gateway=broken)
    assert background.look() == 0
    halts.lift(halt, actor=SYSTEM)
    assert background.look() == 1


def test_what_people_ask_for_does_not_count_as_background(
    wallet: Wallet, gateway: Gateway, alice: User
) -> None:
    request = queue.Request("wallet.balance", "x", wallet.team, gateway, alice, wallet)
    queue.submit(request)
    assert Operation.objects.get().queue == SYNC
    assert background.outstanding(gateway) == 0


@pytest.fixture
def broken(sandbox: Sandbox) -> Iterator[Gateway]:
    turn(sandbox, {"do": "status", "path": "/tiers/v1", "method": "GET", "times": 100, "status": 502})
    yield sandbox.gateway
    turn(sandbox, None)


def test_a_gateway_that_failed_is_asked_until_it_is_known_to_be_down_and_again_until_it_is_back(
    broken: Gateway, sandbox: Sandbox
) -> None:
    assert background.look() == 0
    standing.note(broken, "/projects/v1", None)
    assert [background.look() for _ in range(5)] == [1, 1, 1, 1, 0]
    row = GatewayStanding.objects.get()
    assert (row.is_open, row.failures) == (True, 5)
    turn(sandbox, None)
    GatewayStanding.objects.update(retry_at=timezone.now())
    assert background.look() == 1
    assert not GatewayStanding.objects.get().is_open
    assert background.look() == 0

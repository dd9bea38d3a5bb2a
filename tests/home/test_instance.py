"""The operators' page: what workers told is shown, within the queries of a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from home import readiness
from home.instance import instance_page
from operations import disk, pulse, schedule
from operations.models import State, WorkerPulse
from teams.models import Instance, Team, User
from tests.factories import OperationFactory
from tests.fixtures import ClientAs
from wallets import halts
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(alice: User) -> User:
    User.objects.filter(pk=alice.pk).update(is_operator=True)
    return alice


def words_of(operator: User) -> dict[str, str]:
    return {check.name: str(check.words) for check in instance_page(operator).checks}


def test_the_page_stays_within_its_queries(
    operator: User,
    team: Team,
    gateway: Gateway,
    keysets: None,
    client_as: ClientAs,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(3):
        pulse.beat_once(f"bench-{number}")
        OperationFactory.create(team=team, actor=operator)
    schedule.beat_once("bench-0")
    disk.measure()
    halts.stop(actor=operator.actor, why="Moving", gateway=gateway)
    browser = client_as(operator)
    browser.get("/readyz")
    browser.get("/projects/")
    with django_assert_max_num_queries(12):
        assert browser.get("/instance").status_code == 200


def test_it_counts_and_says_since_when_the_oldest_waits(operator: User, team: Team) -> None:
    since = timezone.now() - timedelta(minutes=7)
    OperationFactory.create(team=team, state=State.QUEUED, queue="sync", not_before=since)
    OperationFactory.create(team=team, state=State.QUEUED, queue="deploys")
    OperationFactory.create(team=team, state=State.RUNNING)
    OperationFactory.create(team=team, state=State.FAILED, finished_at=timezone.now())
    page = instance_page(operator)
    line = page.line
    assert (line.waiting_to_run, line.running, line.failed_today) == (2, 1, 1)
    assert (line.teams, line.people) == (Team.objects.count(), User.objects.filter(is_active=True).count())
    assert page.oldest == since


def test_nothing_waits_and_nobody_decided(operator: User) -> None:
    page = instance_page(operator)
    assert (page.oldest, page.open_teams) == (None, False)
    Instance.objects.create(pk=1, open_teams=True)
    assert instance_page(operator).open_teams is True


def test_what_workers_found_is_told_in_words(operator: User, keysets: None) -> None:
    pulse.beat_once("bench-1")
    WorkerPulse.objects.update(findings=["queue", "of a later version"])
    assert words_of(operator) == {
        "database": "ok",
        "migrations": "ok",
        "cache": "ok",
        "worker": "ok",
        "queue": "Operations wait too long for a worker",
        "beat": "ok",
        "clock": "ok",
        "disk": "ok",
        "keyset": "ok",
    }


def test_without_a_worker_nobody_knows(operator: User, keysets: None) -> None:
    pulse.beat_once("bench-1")
    WorkerPulse.objects.update(at=timezone.now() - timedelta(minutes=1), findings=["queue"])
    told = words_of(operator)
    assert told["worker"] == "not answering"
    assert {told[name] for name in ("queue", "beat", "clock")} == {"not known while no worker answers"}
    assert (told["disk"], told["keyset"]) == ("ok", "ok")


def test_migrations_are_asked_for_until_none_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    missing: list[Any] = ["one"]
    readiness._all_applied.clear()
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: missing)
    assert readiness.migrations() == "1 not applied"
    missing.clear()
    assert readiness.migrations() == "ok"
    missing.append("another version's, which this process does not know")
    assert readiness.migrations() == "ok"


def test_it_says_how_much_is_stopped_and_names_a_gateway_once(
    operator: User, gateway: Gateway, client_as: ClientAs
) -> None:
    Gateway.objects.filter(pk=gateway.pk).update(name=gateway.get_kind_display())
    browser = client_as(operator)
    page = browser.get("/instance").content.decode()
    assert "Nothing is stopped" in page
    assert f'<span class="quiet">{gateway.get_kind_display()}</span>' not in page
    halts.stop(actor=operator.actor, why="Moving", gateway=gateway)
    page = browser.get("/instance").content.decode()
    assert ("1 stopped now" in page, "Nothing is stopped" in page) == (True, False)

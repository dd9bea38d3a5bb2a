"""Why an operation in line does not run yet: one sentence, two queries at most."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from operations import endings, line, queue
from operations.models import Operation, State
from teams.models import Team, User
from tests.factories import OperationFactory
from wallets import halts
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def few_queries(django_assert_max_num_queries: DjangoAssertNumQueries) -> DjangoAssertNumQueries:
    return django_assert_max_num_queries


def waiting(team: Team, gateway: Gateway, **fields: object) -> Operation:
    return OperationFactory.create(**{"team": team, "gateway": gateway, "lane": "project/1", **fields})


def test_its_place_and_what_comes_before(
    team: Team, gateway: Gateway, few_queries: DjangoAssertNumQueries
) -> None:
    waiting(team, gateway, project_id=team.pk, state=State.RUNNING, started_at=timezone.now())
    waiting(team, gateway, project_id=team.pk, title="Deploy of tidepool")
    third = waiting(team, gateway, project_id=team.pk)
    with few_queries(2):
        assert line.reason(third) == (
            "3rd in line after “Deploy of tidepool”: changes to one project run one after another."
        )


def test_changes_with_one_wallet_wait_for_each_other_too(team: Team, gateway: Gateway) -> None:
    waiting(team, gateway, title="Prototype tier", lane="wallet/1")
    assert line.reason(waiting(team, gateway, lane="wallet/1")) == (
        "2nd in line after “Prototype tier”: changes with one wallet run one after another."
    )


def test_what_stands_before_on_another_project_is_not_named(
    team: Team, alice: User, gateway: Gateway
) -> None:
    waiting(team, gateway, title="Secret project", kind="deploy", project_id=alice.pk)
    said = line.reason(waiting(team, gateway, project_id=team.pk))
    assert said.startswith("2nd in line after “Deploy”")


def test_an_operation_that_is_gone_meanwhile_stands_behind_nothing(team: Team, gateway: Gateway) -> None:
    waiting(team, gateway)
    operation = waiting(team, gateway)
    Operation.objects.filter(pk=operation.pk).delete()
    assert line.reason(operation) == "In line: it begins as soon as a worker is free."


def test_nobody_learns_what_another_team_does_in_the_same_lane(team: Team, gateway: Gateway) -> None:
    waiting(OperationFactory.create(gateway=gateway).team, gateway)
    assert line.reason(waiting(team, gateway)) == "In line: it begins as soon as a worker is free."


def test_without_a_lane_it_waits_for_a_worker(
    team: Team, gateway: Gateway, few_queries: DjangoAssertNumQueries
) -> None:
    waiting(team, gateway, lane="")
    own = waiting(team, gateway, lane="")
    with few_queries(1):
        assert line.reason(own) == "In line: it begins as soon as a worker is free."


@pytest.mark.parametrize("type_", ["retry", endings.HELD, "reconcile"])
def test_when_it_goes_on_and_why_not_now(
    team: Team, gateway: Gateway, few_queries: DjangoAssertNumQueries, type_: str
) -> None:
    later = timezone.now() + timedelta(seconds=58.9)
    operation = waiting(team, gateway, not_before=later, started_at=timezone.now())
    queue.add_event(operation, type_, "Sandbox does not answer. Trying again in 60 s.")
    with few_queries(2):
        assert line.reason(operation) == "Goes on in 59 s. Sandbox does not answer."


def test_a_pause_of_its_own_is_no_reason(team: Team, gateway: Gateway) -> None:
    later = timezone.now() + timedelta(seconds=30)
    operation = waiting(team, gateway, not_before=later, started_at=timezone.now())
    queue.add_event(operation, "phase", "Settling")
    assert line.reason(operation) == ""


def test_who_stopped_it_and_why(
    team: Team, alice: User, gateway: Gateway, few_queries: DjangoAssertNumQueries
) -> None:
    halts.stop(actor=alice.actor, why="Keys on the loose", team=team)
    operation = waiting(team, gateway)
    with few_queries(2):
        said = line.reason(operation)
    assert said.startswith("Stopped by Alice on ")
    assert said.endswith("Keys on the loose. It goes on by itself when that is lifted.")


@pytest.mark.parametrize("state", [State.RUNNING, State.WAITING, State.SUCCEEDED, State.FAILED])
def test_what_does_not_stand_in_line_waits_for_nothing(
    team: Team, gateway: Gateway, few_queries: DjangoAssertNumQueries, state: State
) -> None:
    operation = waiting(team, gateway, state=state)
    with few_queries(0):
        assert line.reason(operation) == ""

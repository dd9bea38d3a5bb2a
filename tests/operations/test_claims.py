"""Which row is taken, by whom, and in which order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from operations import claims, runner
from operations.models import Operation, State
from teams.models import Team, User
from tests.factories import OperationFactory
from tests.operations import doubles, processes
from tests.operations.conftest import Submit

HOLD = "test.hold.interactive"


def _claim() -> Operation:
    operation = runner.claim("interactive")
    assert operation is not None
    return operation


def _end(operation: Operation) -> None:
    Operation.objects.filter(pk=operation.pk).update(state=State.SUCCEEDED)


@pytest.mark.django_db
def test_nothing_due_claims_nothing() -> None:
    assert runner.claim("interactive") is None


@pytest.mark.django_db
def test_claim_takes_a_lease_and_counts() -> None:
    row = OperationFactory.create()
    claimed = _claim()
    assert (claimed.pk, claimed.state, claimed.fence, claimed.attempts) == (row.pk, State.RUNNING, 1, 1)
    assert claimed.lease_until is not None
    assert claimed.lease_until > timezone.now()
    assert claimed.started_at is not None
    assert runner.claim("interactive") is None


@pytest.mark.django_db
def test_rows_of_other_queues_and_pauses_are_left() -> None:
    OperationFactory.create(queue="deploys")
    OperationFactory.create(not_before=timezone.now() + timedelta(seconds=60))
    assert runner.claim("interactive") is None


@pytest.mark.django_db
def test_a_lane_goes_one_at_a_time_in_order() -> None:
    first, second, third = (OperationFactory.create(lane="project/1") for _ in range(3))
    claimed = _claim()
    assert claimed.pk == first.pk
    assert runner.claim("interactive") is None
    _end(claimed)
    claimed = _claim()
    assert claimed.pk == second.pk
    _end(claimed)
    assert _claim().pk == third.pk


@pytest.mark.django_db
def test_other_lanes_go_side_by_side() -> None:
    one = OperationFactory.create(lane="project/1")
    OperationFactory.create(lane="project/1")
    two = OperationFactory.create(lane="project/2")
    free = OperationFactory.create()
    assert {_claim().pk for _ in range(3)} == {one.pk, two.pk, free.pk}
    assert runner.claim("interactive") is None


@pytest.mark.django_db
def test_a_pause_keeps_its_place_in_the_lane() -> None:
    OperationFactory.create(lane="project/1", not_before=timezone.now() + timedelta(seconds=60))
    OperationFactory.create(lane="project/1")
    assert runner.claim("interactive") is None


@pytest.mark.django_db
def test_waiting_for_a_person_frees_the_lane() -> None:
    OperationFactory.create(lane="project/1", state=State.WAITING)
    later = OperationFactory.create(lane="project/1")
    assert _claim().pk == later.pk


@pytest.mark.django_db
def test_a_busy_team_does_not_starve_another() -> None:
    busy, calm = (Team.objects.create(name=name) for name in ("busy", "calm"))
    for _ in range(5):
        OperationFactory.create(team=busy)
    asked_last = OperationFactory.create(team=calm)
    assert _claim().team_id == busy.pk
    assert _claim().pk == asked_last.pk


@pytest.mark.django_db
def test_teams_take_turns_on_a_single_worker() -> None:
    busy, calm = (Team.objects.create(name=name) for name in ("busy", "calm"))
    for team in (busy, busy, busy, calm, calm):
        OperationFactory.create(team=team)
    order = []
    for _ in range(5):
        claimed = _claim()
        order.append(claimed.team.name)
        _end(claimed)
    assert order == ["busy", "calm", "busy", "calm", "busy"]


@pytest.mark.django_db(transaction=True)
def test_every_row_is_run_exactly_once_by_two_processes(submit: Submit, journal: Path, data: Path) -> None:
    rows = [submit(HOLD, args={"journal": str(journal)}) for _ in range(40)]
    with processes.drains(data, 2) as started:
        counts = processes.run_to_the_end(started)
    assert sum(counts) == 40
    assert min(counts) > 0
    begun = [operation for operation, word, *_ in doubles.effects(journal) if word == "begin"]
    assert sorted(begun) == sorted(str(row.pk) for row in rows)
    assert set(Operation.objects.values_list("state", "attempts")) == {(State.SUCCEEDED, 1)}


@pytest.mark.django_db(transaction=True)
def test_a_lane_never_overlaps_in_two_processes(submit: Submit, journal: Path, data: Path) -> None:
    args = {"journal": str(journal), "seconds": 0.02}
    rows = [submit(HOLD, lane=f"lane/{n % 2}", args=args) for n in range(20)]
    with processes.drains(data, 2) as started:
        processes.run_to_the_end(started)
    lane_of = {str(row.pk): row.lane for row in rows}
    for lane in ("lane/0", "lane/1"):
        own = [(op, word) for op, word, *_ in doubles.effects(journal) if lane_of[op] == lane]
        in_order = [(str(row.pk), word) for row in rows if row.lane == lane for word in ("begin", "end")]
        assert own == in_order


@pytest.mark.django_db
def test_a_free_row_is_found_behind_a_long_line_that_is_not(team: Team) -> None:
    OperationFactory.create(team=team, lane="project/1", state=State.RUNNING)
    for _ in range(claims.NEAR):
        OperationFactory.create(team=team, lane="project/1")
    OperationFactory.create(team=team, lane="project/2", not_before=timezone.now() + timedelta(seconds=60))
    behind = OperationFactory.create(team=team, lane="project/3")
    OperationFactory.create(team=team, lane="project/3")
    free = OperationFactory.create(team=team)
    assert [_claim().pk, _claim().pk] == [behind.pk, free.pk]
    assert runner.claim("interactive") is None


@pytest.mark.django_db
def test_a_due_row_is_found_behind_a_long_line_of_pauses(team: Team) -> None:
    for _ in range(claims.NEAR):
        OperationFactory.create(team=team, not_before=timezone.now() + timedelta(seconds=60))
    assert runner.claim("interactive") is None
    due = OperationFactory.create(team=team)
    assert _claim().pk == due.pk


@pytest.mark.django_db
def test_a_click_goes_before_everything_that_the_panel_looks_after_by_itself(team: Team, alice: User) -> None:
    looked_after = [OperationFactory.create(team=team, actor=None) for _ in range(2 * claims.NEAR)]
    click = OperationFactory.create(team=team, actor=alice)
    assert [_claim().pk, _claim().pk] == [click.pk, looked_after[0].pk]


@pytest.mark.django_db
def test_a_click_keeps_its_place_in_the_lane_of_what_nobody_asked_for(team: Team, alice: User) -> None:
    first = OperationFactory.create(team=team, actor=None, lane="project/1")
    click = OperationFactory.create(team=team, actor=alice, lane="project/1")
    assert _claim().pk == first.pk
    _end(first)
    assert _claim().pk == click.pk


@pytest.mark.django_db
def test_a_lane_is_one_line_over_all_queues(team: Team) -> None:
    first = OperationFactory.create(team=team, lane="project/1", queue="deploys")
    second = OperationFactory.create(team=team, lane="project/1")
    assert runner.claim("interactive") is None
    _end(first)
    assert _claim().pk == second.pk


@pytest.mark.django_db
def test_the_team_with_least_under_way_goes_first_then_the_longest_without_a_turn_then_the_oldest_row() -> (
    None
):
    now, order = timezone.now(), []
    busy, recent, long_ago, late, early = (
        Team.objects.create(name=name) for name in ("busy", "recent", "long ago", "late", "early")
    )
    OperationFactory.create(team=busy, state=State.RUNNING, started_at=now - timedelta(days=2))
    for team, days in ((recent, 1), (long_ago, 3)):
        OperationFactory.create(team=team, state=State.SUCCEEDED, started_at=now - timedelta(days=days))
    for team in (busy, recent, long_ago, early, late):
        OperationFactory.create(team=team)
    OperationFactory.create(team=Team.objects.create(name="paused"), not_before=now + timedelta(seconds=60))
    for _ in range(5):
        claimed = _claim()
        order.append(claimed.team.name)
        _end(claimed)
    assert order == ["early", "late", "long ago", "recent", "busy"]


@pytest.mark.django_db
def test_a_line_is_read_by_its_indexes_and_never_as_a_whole(team: Team) -> None:
    OperationFactory.create(team=team, lane="project/1")
    with CaptureQueriesContext(connection) as captured:
        _claim()
    if connection.vendor != "sqlite":
        return  # PostgreSQL reads a table of one row as it likes
    plans = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if query["sql"].lstrip().startswith(("SELECT", "WITH")):
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                plans += [str(row[3]) for row in cursor.fetchall()]
    assert [plan for plan in plans if plan.startswith("SCAN operations_operation")] == []
    assert [plan for plan in plans if "operation_line " in plan] != []

"""Which row is taken, by whom, and in which order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from operations import runner
from operations.models import Operation, State
from teams.models import Team
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

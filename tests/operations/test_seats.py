"""Nothing that takes long, and nothing in bulk, keeps what people wait for from being done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations import runner, seats
from operations.models import Operation, State
from operations.registry import DEPLOYS, INTERACTIVE, SYNC
from operations.work import Work
from teams.models import Team
from tests.factories import OperationFactory
from tests.operations import doubles, processes
from tests.operations.conftest import MakeKind, Submit

ALL = [INTERACTIVE, DEPLOYS, SYNC]


@pytest.fixture
def _as_before() -> Iterator[None]:
    yield
    seats.arrange(1, [])


def _succeeded(*operations: Operation) -> bool:
    pks = [operation.pk for operation in operations]
    return Operation.objects.filter(pk__in=pks, state=State.SUCCEEDED).count() == len(pks)


@pytest.mark.django_db
def test_five_hundred_rows_of_one_team_let_another_team_in_next() -> None:
    busy, calm = (Team.objects.create(name=name) for name in ("busy", "calm"))
    bulk = [OperationFactory.build(team=busy, lane=f"bulk/{n}") for n in range(500)]
    for row in bulk:
        row.gateway = row.wallet = row.actor = None
    Operation.objects.bulk_create(bulk)
    asked_last = OperationFactory.create(team=calm)
    first, second = runner.claim(INTERACTIVE), runner.claim(INTERACTIVE)
    assert first is not None
    assert second is not None
    assert (first.team_id, second.pk) == (busy.pk, asked_last.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [(DEPLOYS, DEPLOYS), (SYNC, SYNC), (DEPLOYS, SYNC)])
def test_two_long_ones_leave_a_process_for_people(
    submit: Submit, journal: Path, data: Path, first: str, second: str
) -> None:
    enough = journal.with_name("enough")
    args = {"journal": str(journal), "until": str(enough)}
    long = [
        submit(f"test.hold.{queue}", args=args, lane=f"lane/{n}") for n, queue in enumerate((first, second))
    ]
    with processes.worker(data, "--beat", "--schedule", str(data / "beat")):
        processes.eventually(lambda: doubles.effects(journal), "a long one has begun")
        quick = [submit("test.hold.interactive", args={"journal": str(journal)}) for _ in range(3)]
        processes.eventually(lambda: _succeeded(*quick), "what people wait for is done")
        assert not _succeeded(long[0])
        enough.touch()
        processes.eventually(lambda: _succeeded(*long), "the long ones are done")
    words = [(pk, word) for pk, word, *_ in doubles.effects(journal) if pk in {str(row.pk) for row in long}]
    assert [word for _, word in words] == ["begin", "end", "begin", "end"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_as_before")
def test_a_single_process_turns_to_people_between_two_rows(make_kind: MakeKind, submit: Submit) -> None:
    order: list[str] = []

    def handler(work: Work) -> None:
        order.append(work.operation.title)
        if work.operation.title == "deploy 1":
            submit(quick, title="people")

    slow, quick = make_kind(handler, queue=DEPLOYS), make_kind(handler)
    for number in (1, 2):
        submit(slow, title=f"deploy {number}", lane=f"lane/{number}")
    seats.arrange(1, ALL)
    assert runner.run_due(DEPLOYS) == 3
    assert order == ["deploy 1", "people", "deploy 2"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_as_before")
def test_whoever_has_the_seat_takes_the_queues_in_turn(make_kind: MakeKind, submit: Submit) -> None:
    order: list[str] = []
    kinds = {queue: make_kind(lambda work: order.append(work.operation.queue), queue=queue) for queue in ALL}
    for queue in (DEPLOYS, DEPLOYS, SYNC, SYNC):
        submit(kinds[queue])
    seats.arrange(2, ALL)
    assert runner.run_due(SYNC) == 4
    assert order == [DEPLOYS, SYNC, DEPLOYS, SYNC]


@pytest.mark.filterwarnings(
    "ignore:.*fork.*:DeprecationWarning"
)  # the pool forks as well, before it has threads
@pytest.mark.usefixtures("_as_before")
def test_a_seat_is_free_again_when_its_process_is_gone() -> None:
    seats.arrange(2, ALL)
    arranged = seats.plan()
    assert arranged is not None
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with seats.taken(arranged) as seated:
            os.write(writer, b"1" if seated else b"0")
            os._exit(9)  # as a kill: nothing is given back
    assert os.read(reader, 1) == b"1"
    os.waitpid(child, 0)
    with seats.taken(arranged) as seated:
        assert seated


def test_a_worker_that_people_do_not_wait_for_shares_nothing() -> None:
    seats.arrange(4, [DEPLOYS, SYNC])
    assert seats.plan() is None

"""The engine watches itself, and tells those who can act."""

from __future__ import annotations

import shutil
import socket
import time
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from operations import pulse, schedule, watch
from operations.models import BeatPulse, Operation, State, WorkerPulse
from operations.watch import deaf, findings
from operations.watch.findings import Finding
from teams.models import Role, Team, User
from tests.factories import MembershipFactory, OperationFactory, UserFactory
from tests.fixtures import ClientAs
from tests.operations import doubles, processes
from tests.operations.conftest import Submit
from tests.sessions import members
from wallets import standing
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def well(keysets: None) -> None:
    """A worker that holds its keys, and a beat."""
    schedule.beat_once("one")
    pulse.beat_once("one")


def _old(**fields: object) -> Operation:
    operation: Operation = OperationFactory.create(state=State.QUEUED, **fields)
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now() - timedelta(minutes=6))
    return operation


def _titles() -> list[str]:
    pulse.beat_once("one")
    return [str(problem.title) for problem in watch.problems()]


def test_nothing_is_wrong_with_a_well_instance(well: None) -> None:
    assert watch.findings_here() == []
    assert watch.problems() == []


def test_a_row_that_nobody_takes_is_found_and_a_row_behind_another_is_not(well: None) -> None:
    first = _old(lane="a")
    Operation.objects.filter(pk=first.pk).update(state=State.RUNNING)
    _old(lane="a")
    assert _titles() == []
    _old(lane="b")
    assert _titles() == ["Operations wait too long for a worker"]
    assert findings.queue() == "the oldest has waited for 6 min"


def test_a_schedule_that_stands_still_is_found(well: None) -> None:
    BeatPulse.objects.update(at=timezone.now() - timedelta(seconds=31))
    assert _titles() == ["The schedule stands still"]
    schedule.beat_once("one")
    assert _titles() == []


def test_clocks_that_differ_are_found(well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "skew", lambda: timedelta(seconds=-8))
    assert findings.clock() == "the database's differs by 8.0 s"
    assert _titles() == ["The clocks of the machines differ"]
    monkeypatch.undo()
    assert abs(findings.skew()) < timedelta(seconds=1)
    WorkerPulse.objects.update(skew_milliseconds=-7000)
    assert findings.clock() == "a worker's differs by 7.0 s"


def test_a_disk_that_is_nearly_full_is_found(well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=1024 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert _titles() == ["The disk is nearly full"]


def test_a_worker_without_keys_is_found(well: None, settings: Settings) -> None:
    settings.VAULT_PRIVATE_KEYSET = ""
    assert _titles() == ["A keyset is missing"]


def test_what_a_worker_found_is_forgotten_with_it(well: None) -> None:
    WorkerPulse.objects.update(findings=[Finding.BEAT])
    assert len(watch.problems()) == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=6)):
        assert watch.problems() == []


@pytest.mark.parametrize(
    ("role", "told"),
    [(Role.OWNER, True), (Role.ADMIN, True), (Role.DEVELOPER, False), (Role.VIEWER, False)],
)
def test_home_tells_those_who_can_act(
    well: None, team: Team, client_as: ClientAs, role: Role, told: bool
) -> None:
    WorkerPulse.objects.update(findings=[Finding.BEAT])
    member: User = UserFactory.create()
    MembershipFactory.create(team=team, user=member, role=role)
    page = client_as(member).get("/").content.decode()
    assert ("The schedule stands still" in page) is told


def test_an_operator_is_led_to_the_instance(well: None, dora: User, client_as: ClientAs) -> None:
    User.objects.filter(pk=dora.pk).update(is_operator=True)
    WorkerPulse.objects.update(findings=[Finding.DISK])
    page = client_as(dora).get("/").content.decode()
    assert "The disk is nearly full" in page
    assert 'class="strong" href="/instance"' in page


def test_figures_are_read_from_rows_and_name_no_team(well: None, gateway: Gateway, team: Team) -> None:
    _old(team=team, gateway=gateway, queue="interactive")
    for _ in range(5):
        standing.note(gateway, "/tiers/v1", None)
    found = {(one.name, *one.labels.values()): one.value for one in watch.figures()}
    assert found["panel_operations", "interactive", "queued"] == 1
    assert 359 <= found["panel_queue_oldest_seconds", "interactive"] <= 362
    assert found["panel_workers",] == 1
    assert found["panel_workers_without_keys",] == 0
    assert found["panel_gateway_open", gateway.pk] == 1
    assert found["panel_gateway_failures", gateway.pk] == 5
    assert 0 <= found["panel_beat_age_seconds",] < 5
    assert found["panel_disk_free_bytes",] > 0
    assert str(team.pk) not in str(found)


def test_only_old_rows_of_its_queues_make_an_idle_worker_deaf(
    team: Team, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(deaf.took, "value", time.time() - 61)
    assert not deaf.is_deaf(["interactive"])
    _old(team=team, queue="deploys")
    assert not deaf.is_deaf(["interactive"])
    assert deaf.is_deaf(["deploys", "interactive"])
    deaf.note_taken()
    assert not deaf.is_deaf(["deploys"])


def test_a_worker_at_work_is_not_deaf(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaf.took, "value", time.time() - 61)
    _old(team=team, queue="deploys")
    busy = OperationFactory.create(
        state=State.RUNNING,
        worker=f"{socket.gethostname()}:1",
        lease_until=timezone.now() + timedelta(seconds=9),
    )
    assert not deaf.is_deaf(["deploys"])
    Operation.objects.filter(pk=busy.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert deaf.is_deaf(["deploys"])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_hears_nothing_ends_itself_with_all_its_processes_and_the_next_one_works(
    submit: Submit, journal: Path, data: Path
) -> None:
    """Its broker's folder is not the one into which web writes, and it has no beat: alive, and deaf."""
    operation = submit("test.steps", args={"journal": str(journal), "steps": 1})
    with processes.worker(data, settings={"PANEL_DEAF_SECONDS": "2"}) as worker:
        assert worker.wait(processes.PATIENCE_SECONDS) == deaf.EXIT_CODE
        processes.eventually(lambda: not members(worker.pid), "its processes have ended too")
    assert "worker_deaf" in (data / "worker.log").read_text()
    assert doubles.effects(journal) == []
    with processes.worker(data, "--beat", "--schedule", str(data / "beat")):
        processes.eventually(BeatPulse.objects.exists, "the beat has said so")
        processes.eventually(
            lambda: Operation.objects.filter(pk=operation.pk, state=State.SUCCEEDED).exists(), "it is done"
        )

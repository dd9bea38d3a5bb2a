"""What has ended long ago goes; what is needed, what is younger and what has not ended stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from audit.models import Event
from core.registry import Due, Retention, retentions
from operations import disk, queue, retention
from operations.entries import entries
from operations.models import ACTIVE, FINAL, DiskUse, Operation, OperationEvent, OperationRequest, State
from teams.models import Team, User
from tests.factories import DeployFactory, OperationFactory, PaymentFactory, WalletFactory
from wallets.models import Gateway, Payment

pytestmark = pytest.mark.django_db


def ended(days: float, **fields: object) -> Operation:
    """Return an operation that ended so many days ago, with one step and one request."""
    at = timezone.now() - timedelta(days=days)
    operation = OperationFactory.create(**{"state": State.SUCCEEDED, "finished_at": at, **fields})
    queue.add_event(operation, "log", "One step")
    OperationRequest.objects.create(operation=operation, method="GET", path="/x", milliseconds=1)
    return operation


def sweep_all() -> int:
    """Sweep the operations and readings until nothing is due; return how many were taken."""
    taken = 0
    for name in ("operations", "readings"):
        while count := retentions.get(name).sweep():
            taken += count
    return taken


def left() -> set[str]:
    return set(Operation.objects.values_list("title", flat=True))


def test_what_ended_long_ago_goes_with_its_steps_and_requests(team: Team, gateway: Gateway) -> None:
    of = {"team": team, "gateway": gateway}
    for state in sorted(FINAL):
        ended(181, title=f"old {state}", state=state, **of)
    ended(179, title="younger", **of)
    assert sweep_all() == len(FINAL)
    assert left() == {"younger"}
    assert (OperationEvent.objects.count(), OperationRequest.objects.count()) == (1, 1)


def test_what_has_not_ended_stays_whatever_its_age(team: Team, gateway: Gateway) -> None:
    long_ago = timezone.now() - timedelta(days=1000)
    for state in sorted(ACTIVE):
        operation = OperationFactory.create(team=team, gateway=gateway, title=state, state=state)
        Operation.objects.filter(pk=operation.pk).update(created_at=long_ago, started_at=long_ago)
    assert sweep_all() == 0
    assert left() == set(ACTIVE)


def test_readings_go_sooner(team: Team, gateway: Gateway) -> None:
    of = {"team": team, "gateway": gateway, "queue": "sync"}
    ended(8, title="old reading", **of)
    ended(6, title="new reading", **of)
    assert sweep_all() == 1
    assert left() == {"new reading"}


def test_zero_days_keep_for_ever(settings: Settings, team: Team, gateway: Gateway) -> None:
    settings.KEEP_DAYS = dict.fromkeys(settings.KEEP_DAYS, 0)
    ended(5000, title="ancient", team=team, gateway=gateway)
    ended(5000, title="ancient reading", team=team, gateway=gateway, queue="sync")
    assert (retention.old("operations").count(), sweep_all()) == (0, 0)
    assert left() == {"ancient", "ancient reading"}


def test_what_a_payment_or_a_deploy_names_stays_without_its_steps(
    team: Team, alice: User, gateway: Gateway
) -> None:
    of = {"team": team, "gateway": gateway}
    paid, deployed = ended(400, title="paid", **of), ended(400, title="deployed", **of)
    ended(400, title="nobody's", **of)
    wallet = WalletFactory.create(team=team, owner=alice, gateway=gateway)
    PaymentFactory.create(wallet=wallet, operation_id=paid.pk)
    DeployFactory.create(project__wallet=wallet, operation=deployed)
    assert sweep_all() == 3
    assert left() == {"paid", "deployed"}
    assert set(Operation.objects.exclude(trimmed_at=None)) == {paid, deployed}
    assert (OperationEvent.objects.count(), OperationRequest.objects.count()) == (0, 0)
    assert Payment.objects.get().operation_id == paid.pk
    assert sweep_all() == 0


def test_the_record_stays_whole_and_leads_to_what_is_left(team: Team, alice: User, gateway: Gateway) -> None:
    of = {"team": team, "gateway": gateway, "actor": alice}
    gone, kept = ended(400, title="gone", **of), ended(1, title="kept", **of)
    for operation in (gone, kept):
        queue.audit_operation("succeeded", operation)
    sweep_all()
    assert left() == {"kept"}
    told = entries(Event.objects.order_by("seq"))
    assert [(entry.event.object_id, entry.operation) for entry in told] == [
        (str(gone.pk), ""),
        (str(kept.pk), str(kept.pk)),
    ]


def test_a_batch_is_small(
    monkeypatch: pytest.MonkeyPatch,
    team: Team,
    gateway: Gateway,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    for _ in range(7):
        ended(200, team=team, gateway=gateway)
    with django_assert_max_num_queries(17):
        assert retentions.get("operations").sweep() == 3
    assert sweep_all() == 4


def test_the_oldest_are_found_by_their_index(team: Team, gateway: Gateway) -> None:
    for name in retention.QUEUES:
        plan = retention.old(name).order_by("finished_at").explain()
        assert connection.vendor != "sqlite" or "operation_kept" in plan


def test_one_that_fails_keeps_none_of_the_others_from_going(team: Team, gateway: Gateway) -> None:
    def broken() -> int:
        raise DatabaseError

    retentions.add("broken", Retention("Broken", broken, lambda: Due(0)))
    try:
        ended(200, team=team, gateway=gateway)
        assert retention.sweep() == {"operations": 1}
    finally:
        del retentions._entries["broken"]


def test_a_sweep_ends_when_its_time_is_over(team: Team, gateway: Gateway) -> None:
    ended(200, title="still there", team=team, gateway=gateway)
    assert retention.sweep(seconds=0) == {}
    assert left() == {"still there"}


# --- Disk ---


@pytest.fixture
def store(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    settings.STORE_DIR = folder
    settings.DATA_DIR = tmp_path
    for name, size in {"ab/cd": 100, "ab/ef": 23, "results/1": 7}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    return folder


def test_the_disk_is_measured_truly(store: Path, team: Team, gateway: Gateway) -> None:
    for days in (200, 200, 10):
        ended(days, team=team, gateway=gateway)
    use = disk.measure()
    assert (use.store_bytes, use.store_files, use.results_bytes) == (123, 2, 7)
    assert {name: use.rows[name] for name in ("operations_operation", "operations_operationevent")} == {
        "operations_operation": 3,
        "operations_operationevent": 3,
    }
    assert use.due["operations"] == {"count": 2, "size": 0}
    assert 0 < use.free_bytes <= use.total_bytes


def test_the_database_is_as_large_as_it_says(store: Path) -> None:
    use = disk.measure()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            assert abs(use.database_bytes - cursor.fetchone()[0]) < 1_000_000
        else:
            assert use.database_bytes == sum(
                file.stat().st_size
                for suffix in ("", "-wal", "-shm")
                if (file := Path(f"{connection.settings_dict['NAME']}{suffix}")).is_file()
            )


def test_it_is_measured_once_an_hour(store: Path) -> None:
    assert [disk.measure_if_due(), disk.measure_if_due()] == [True, False]
    DiskUse.objects.update(at=timezone.now() - timedelta(minutes=61))
    assert disk.measure_if_due()
    assert DiskUse.objects.count() == 1
